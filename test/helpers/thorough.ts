/** Whether tests take their time, as under `npm run test:faults` and `npm run test:bench`: all variants, many random runs. */
export const thorough = process.env['SLUICE_THOROUGH'] === '1';
/** Why a test is skipped of which others test most, in less time. */
export const inHaste = !thorough && 'takes long: npm run test:faults, test:fleet or test:lists runs it';
/**
 * Seconds for which a rate is measured: a minute with `npm run test:rates`, unless `SLUICE_SECONDS` says otherwise, as where
 * a machine has no half hour for all of them.
 */
export const seconds = Number(process.env['SLUICE_SECONDS'] ?? (thorough ? 60 : 8));
/** Whether there is less time than it takes to measure one after the other. */
export const brief = seconds < 60;
