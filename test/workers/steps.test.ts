import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ImageCheck } from '../../src/protocol/settings.js';
import { applySteps, hasSteps, stepsFor } from '../../workers/steps/steps.js';
import { gif, NO_IMAGES } from '../helpers/images.js';
import { storeSettings } from '../helpers/stores.js';

describe('the steps of a body', () => {
  const image = gif({ width: 1, height: 1 }, [{ width: 1, height: 1 }]);

  for (const [imageCheck, count] of [
    ['none', 0],
    ['structure', 1],
    ['pixels', 2],
  ] as const satisfies [ImageCheck, number][]) {
    test(`with --image-check ${imageCheck} are ${count}, loaded once`, async (t) => {
      const settings = storeSettings(t, { imageCheck });
      assert.equal(hasSteps(settings), count > 0);
      const steps = await stepsFor(settings);
      assert.equal(steps.length, count);
      assert.deepEqual(stepsFor(settings), steps, 'at once the second time');
    });
  }

  test('have loaded sharp where they need it, and only there, before the first body', async (t) => {
    const asked = { ...NO_IMAGES, convert: 'png' } as const;
    const filter = { minSize: 1, maxPixels: 9, maxAspectRatio: 9 };
    const [remake] = await stepsFor(storeSettings(t, { images: asked }));
    assert.equal(typeof (await remake?.prepare?.(storeSettings(t, { images: asked }))), 'function');
    assert.equal(remake?.prepare?.(storeSettings(t, { images: { ...NO_IMAGES, filter } })), undefined);
    const [, pixels] = await stepsFor(storeSettings(t, { imageCheck: 'pixels' }));
    assert.equal(typeof (await pixels?.prepare?.(storeSettings(t))), 'function');
  });

  test('give back what they only look at, at once where they can', async (t) => {
    assert.deepEqual(applySteps(image, storeSettings(t)), { bytes: image });
    await stepsFor(storeSettings(t, { imageCheck: 'structure' }));
    assert.deepEqual(applySteps(image, storeSettings(t, { imageCheck: 'structure' })), { bytes: image });
    assert.deepEqual(await applySteps(image, storeSettings(t, { imageCheck: 'pixels' })), { bytes: image });
  });

  test('refuse a body whatever comes after the one that does', async (t) => {
    const cut = image.subarray(0, -1);
    const settings = storeSettings(t, { imageCheck: 'pixels' });
    await stepsFor(settings);
    assert.throws(() => applySteps(cut, settings), /GIF at byte/);
  });
});
