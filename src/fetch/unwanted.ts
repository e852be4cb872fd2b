/**
 * Why a connection is ended that has done nothing wrong. With an error, since only that makes undici forget the time that a
 * socket has to connect.
 */
export const UNWANTED = new Error('nobody waits for this connection any more');
