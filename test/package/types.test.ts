/** What TypeScript knows of the library: this file would not compile if it were otherwise. */
import { expectTypeOf } from 'expect-type';
import { test } from 'node:test';
import {
  download,
  type DownloadOptions,
  type ErrorCode,
  type FetchError,
  type Outcome,
  type Outcomes,
  type SluiceError,
  type StorageError,
  type Summary,
  type UsageError,
} from '../../src/index.js';

type Of<S extends Outcome['status']> = Extract<Outcome, { status: S }>;

test('an outcome has what its status says', () => {
  expectTypeOf<Outcome['status']>().toEqualTypeOf<
    'ok' | 'skipped' | 'not_found' | 'disallowed' | 'filtered' | 'error'
  >();
  expectTypeOf<Of<'ok'>['size']>().toEqualTypeOf<number>();
  expectTypeOf<Of<'ok'>['path']>().toEqualTypeOf<string>();
  expectTypeOf<Of<'error'>['error']>().toEqualTypeOf<FetchError>();
  expectTypeOf<Of<'not_found'>['error']['code']>().toEqualTypeOf<ErrorCode>();
  expectTypeOf<Of<'error'>>().not.toHaveProperty('size');
});

test('options are those of their rows, with what each takes', () => {
  expectTypeOf<DownloadOptions['maxRequests']>().toEqualTypeOf<number | 'auto' | undefined>();
  expectTypeOf<DownloadOptions['layout']>().toEqualTypeOf<'flat' | 'hashed' | 'tar' | undefined>();
  expectTypeOf<DownloadOptions['signal']>().toEqualTypeOf<AbortSignal | undefined>();
  expectTypeOf<DownloadOptions['directory']>().toEqualTypeOf<string | undefined>();
  // @ts-expect-error it is called maxRequests
  expectTypeOf<DownloadOptions>().toHaveProperty('maxRequest');
});

test('download takes URLs and items, at once or as they come, and gives outcomes and their account', () => {
  expectTypeOf(download).toBeCallableWith(['http://localhost/a', { url: 'http://localhost/b', name: 'b' }]);
  expectTypeOf(download).toBeCallableWith(new Set<string>(), { maxRequests: 8 });
  expectTypeOf<AsyncIterable<string>>().toExtend<Parameters<typeof download>[0]>();
  expectTypeOf<number>().not.toExtend<Parameters<typeof download>[0]>();
  expectTypeOf(download).returns.toEqualTypeOf<Outcomes>();
  expectTypeOf<Outcomes>().toExtend<AsyncIterable<Outcome>>();
  expectTypeOf<Outcomes['summary']>().toEqualTypeOf<Summary>();
});

test('errors are of one family', () => {
  expectTypeOf<FetchError>().toExtend<SluiceError>();
  expectTypeOf<UsageError>().toExtend<SluiceError>();
  expectTypeOf<StorageError>().toExtend<SluiceError>();
});
