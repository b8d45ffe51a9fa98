/** Certificate authorities for one test, made by the program `openssl`. Their keys stay in the test's directory. */
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import path from "node:path"

export interface CertificateAuthority {
  /** Its certificate, PEM. */
  readonly certificate: string
  /** Writes a certificate and its key for an API server on loopback, as PEM files. */
  readonly sign: (files: { readonly certificate: string; readonly key: string }) => Effect.Effect<void>
}

/** A certificate and its key in one step; `-CA` lets an authority sign it. */
const selfSigned = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]

const signed = [
  ...selfSigned,
  "-subj",
  "/CN=kube-apiserver",
  "-addext",
  "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc",
  "-addext",
  "basicConstraints=critical,CA:FALSE"
]

/** A new authority whose files begin with `name`. */
export const makeAuthority = (directory: string, name: string): Effect.Effect<CertificateAuthority> =>
  Effect.sync(() => {
    const [certificate, key] = [path.join(directory, `${name}.crt`), path.join(directory, `${name}.key`)]
    openssl([...selfSigned, "-subj", `/CN=${name}`, "-out", certificate, "-keyout", key])
    return {
      certificate: readFileSync(certificate, "utf8"),
      sign: (files) =>
        Effect.sync(() =>
          openssl([...signed, "-CA", certificate, "-CAkey", key, "-out", files.certificate, "-keyout", files.key])
        )
    }
  })

const openssl = (words: ReadonlyArray<string>) => void execFileSync("openssl", words, { stdio: "pipe" })
