/** The library for those who call `require()`, by which Node loads ES modules from 20.19 on: the same one, not another. */
import type * as Library from './index.js' with { 'resolution-mode': 'import' };

export type * from './index.js' with { 'resolution-mode': 'import' };
export declare const download: typeof Library.download;
export declare const SluiceError: typeof Library.SluiceError;
export declare const UsageError: typeof Library.UsageError;
export declare const StorageError: typeof Library.StorageError;
export declare const FetchError: typeof Library.FetchError;
export type SluiceError = Library.SluiceError;
export type UsageError = Library.UsageError;
export type StorageError = Library.StorageError;
export type FetchError = Library.FetchError;

module.exports = require('./index.js');
