/** Why a certificate cannot be trusted, and the way out. */

export interface Untrusted {
  readonly what: string;
  readonly hint: string;
}

const UNKNOWN = 'name it with --cacert FILE if you trust it';

const REASONS: ReadonlyMap<string, Untrusted> = new Map(
  Object.entries<Untrusted>({
    CERT_HAS_EXPIRED: {
      what: 'it has expired',
      hint: 'check the clock of this machine; otherwise only who runs the server can renew it',
    },
    CERT_NOT_YET_VALID: { what: 'it is not valid yet', hint: 'check the clock of this machine' },
    ERR_TLS_CERT_ALTNAME_INVALID: {
      what: 'it is for another host',
      hint: 'check the host of the URL: the certificate names the hosts that it is for, see the cause',
    },
    DEPTH_ZERO_SELF_SIGNED_CERT: { what: 'it is signed by itself', hint: UNKNOWN },
    SELF_SIGNED_CERT_IN_CHAIN: { what: 'its authority is not known here', hint: UNKNOWN },
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { what: 'its authority is not known here', hint: UNKNOWN },
    UNABLE_TO_GET_ISSUER_CERT: { what: 'its authority is not known here', hint: UNKNOWN },
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
      what: 'its authority is not known here, or the server leaves out a certificate between',
      hint: UNKNOWN,
    },
    CERT_REVOKED: { what: 'it was revoked', hint: 'only who runs the server can renew it' },
  }),
);

const OF_CERTIFICATES =
  /^(?:CERT_|CRL_|DEPTH_ZERO|ERR_TLS_CERT|ERROR_IN_CERT|HOSTNAME_MISMATCH|INVALID_|SELF_SIGNED|UNABLE_TO_)/;
const OTHER: Untrusted = { what: 'see the cause', hint: 'check the address and the clock' };

/** Undefined for the codes of other errors. */
export function whyUntrusted(code: string): Untrusted | undefined {
  return REASONS.get(code) ?? (OF_CERTIFICATES.test(code) ? OTHER : undefined);
}
