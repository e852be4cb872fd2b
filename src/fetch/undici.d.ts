/** The files of undici that are loaded by themselves: its index loads fetch, caches and mocks too, in twice the time. */
declare module 'undici/lib/dispatcher/client.js' {
  export { Client as default } from 'undici';
}
declare module 'undici/lib/core/connect.js' {
  export { buildConnector as default } from 'undici';
}
