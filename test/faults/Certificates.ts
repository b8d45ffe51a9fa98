/** The API server's certificates and their authorities, read once for all seeds. */
import { readFileSync } from "node:fs"
import { createSecureContext, type SecureContext } from "node:tls"

const read = (file: string) => readFileSync(new URL(`../fixtures/tls/faults/${file}`, import.meta.url), "utf8")

export const firstCa = read("first-ca.pem")
export const secondCa = read("second-ca.pem")

const key = read("apiserver-key.pem")
const shown = (file: string): SecureContext => createSecureContext({ cert: read(file), key })

/** The certificates that the API server may show; all but `bySecond` are by the first CA. */
export const certificates = {
  byFirst: shown("by-first.pem"),
  bySecond: shown("by-second.pem"),
  expired: shown("expired.pem"),
  notYetValid: shown("not-yet-valid.pem")
} as const

export type Certificate = keyof typeof certificates
