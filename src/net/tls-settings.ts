/** Absolute paths of PEM files; the certificate may be followed by those that lead up to its issuer. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate for those who ask for a name: `sip.example.com`, or `*.example.com` for names one label longer. */
export interface ServerCertificate extends CertificateFiles {
  readonly name: string;
}

/** How this server connects to some of the others. */
export interface TlsClient {
  /** SIP domains that led there, `*.example.com` for names one label longer; empty for any. */
  readonly domains: readonly string[];
  /** `IP` or `IP:port`; empty for any. */
  readonly addresses: readonly string[];
  /** Shown where it is asked for; undefined for that of the listener. */
  readonly certificate: CertificateFiles | undefined;
  /** As {@link TlsSettings.ca}. */
  readonly ca: string | undefined;
  /** As {@link TlsSettings.verifyServers}. */
  readonly verify: boolean;
}

/** How a listener does TLS, both ways: towards those who connect to it, and towards those it connects to. */
export interface TlsSettings {
  /** For those who ask for no name, or one that is not in `servers`. */
  readonly certificate: CertificateFiles;
  readonly servers: readonly ServerCertificate[];
  /** PEM file of the authorities that are believed; undefined for those that Node brings along. */
  readonly ca: string | undefined;
  /** Whether who connects must show a certificate. With `optional`, one that is shown must be good. */
  readonly clientCertificates: 'required' | 'optional' | 'off';
  /** Whether servers that are connected to must prove that they are the domain that was asked for (RFC 5922). */
  readonly verifyServers: boolean;
  /** What holds for some servers instead; the first that matches. */
  readonly clients?: readonly TlsClient[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL's notation; undefined for the usual ones. */
  readonly ciphers: string | undefined;
  /** Whether `certificate` is made where it is not there. */
  readonly selfSigned: boolean;
}
