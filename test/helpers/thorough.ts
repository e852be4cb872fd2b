/** Whether tests take their time, as under `npm run test:faults` and `npm run test:bench`: all variants, many random runs. */
export const thorough = process.env['SLUICE_THOROUGH'] === '1';
