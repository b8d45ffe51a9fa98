/**
 * Turns what went wrong with one request into a `KubernetesApiError`: a status that is not success, or a
 * connection that failed. Pure; whether and when to try again is decided elsewhere.
 */
import { Option, Predicate, Schema } from "effect"
import { KubernetesApiError, type KubernetesApiReason } from "../../../services/kubernetes/KubernetesApi.ts"

/** What was asked, as metrics and errors name it. */
export interface ApiCall {
  readonly verb: "list" | "watch" | "get" | "create" | "patch"
  readonly path: string
}

/** A `Status` object (meta/v1): the body of an error answer, and the object of an ERROR event. */
export const ApiStatus = Schema.Struct({
  code: Schema.optionalKey(Schema.Int),
  reason: Schema.optionalKey(Schema.String),
  message: Schema.optionalKey(Schema.String)
})

const decodeStatusText = Schema.decodeUnknownOption(Schema.fromJsonString(ApiStatus))

const longestDetail = 500

/** The reason that stands for an HTTP status. Statuses the API does not document are `Malformed`. */
const reasonOfStatus = (status: number): KubernetesApiReason => {
  switch (status) {
    case 401:
    case 403:
      return "Denied"
    case 404:
      return "NotFound"
    case 409:
      return "Conflict"
    case 410:
      return "Gone"
    case 429:
      return "TooManyRequests"
  }
  if (status >= 500 && status < 600) return "Unreachable"
  return status >= 400 && status < 500 ? "Invalid" : "Malformed"
}

/** An answer that is not success. `Retry-After` counts in seconds; its other form, a date, is never sent by Kubernetes. */
export const failureOfAnswer = (
  call: ApiCall,
  answer: { readonly status: number; readonly body: string; readonly retryAfter: string | undefined }
): KubernetesApiError => {
  const detail = Option.match(decodeStatusText(answer.body), {
    onNone: () => answer.body,
    onSome: (status) => status.message ?? status.reason ?? ""
  })
  const retryAfterSeconds = /^\d{1,6}$/.test(answer.retryAfter ?? "") ? Number(answer.retryAfter) : undefined
  return new KubernetesApiError({
    verb: call.verb,
    path: call.path,
    reason: reasonOfStatus(answer.status),
    status: answer.status,
    detail: detail.slice(0, longestDetail),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds })
  })
}

/** A `Status` that came inside a watch, as an ERROR event. One without a code counts as 500. */
export const failureOfStatus = (call: ApiCall, status: typeof ApiStatus.Type): KubernetesApiError => {
  const code = status.code ?? 500
  const detail = status.message ?? status.reason ?? ""
  return new KubernetesApiError({
    verb: call.verb,
    path: call.path,
    reason: reasonOfStatus(code),
    status: code,
    detail: detail.slice(0, longestDetail)
  })
}

/** No answer, or one that broke off: refused, reset, TLS, DNS. `now` is what this node's clock says, for hints. */
export const failureOfConnection = (call: ApiCall, cause: unknown, now = ""): KubernetesApiError => {
  const hint = hintOf(cause, now)
  return new KubernetesApiError({
    verb: call.verb,
    path: call.path,
    reason: "Unreachable",
    detail: describe(cause).slice(0, longestDetail) + (hint === undefined ? "" : ` (${hint})`)
  })
}

/** The request was not made: credentials are missing or unreadable. */
export const denied = (call: ApiCall, detail: string): KubernetesApiError =>
  new KubernetesApiError({ verb: call.verb, path: call.path, reason: "Denied", detail: detail.slice(0, longestDetail) })

/** An answer that is not what the API promises. */
export const malformed = (call: ApiCall, detail: string): KubernetesApiError =>
  new KubernetesApiError({
    verb: call.verb,
    path: call.path,
    reason: "Malformed",
    detail: detail.slice(0, longestDetail)
  })

const describe = (cause: unknown): string => {
  const code = Predicate.hasProperty(cause, "code") ? `${String(cause.code)}: ` : ""
  return `${code}${wordsOf(cause)}`
}

/** Of a name with several addresses, each of which failed, node tells with an error without words. */
const wordsOf = (cause: unknown): string => {
  if (cause instanceof AggregateError) return cause.errors.map(wordsOf).join(", ")
  return (cause instanceof Error ? cause.message : String(cause)).replace(/\s+/g, " ").trim()
}

// Codes of node:tls and of OpenSSL's certificate verification (X509_V_ERR_*), as `error.code` carries them.
const tlsCode = /^(CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_|ERR_SSL_|INVALID_|HOSTNAME_MISMATCH|EPROTO)/

/** True when the TLS handshake failed: the server's CA, or our certificate, may have been renewed. */
export const isTlsFailure = (cause: unknown): boolean => tlsCode.test(codeOf(cause))

const codeOf = (cause: unknown): string =>
  Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : ""

/** What to look at, for errors whose own words do not say it. */
const hintOf = (cause: unknown, now: string): string | undefined => {
  const code = codeOf(cause)
  if (code === "CERT_NOT_YET_VALID" || code === "CERT_HAS_EXPIRED") {
    return `the API server's certificate, or this node's clock is wrong: it says ${now}`
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "HOSTNAME_MISMATCH") {
    return "the certificate is not for the address that is asked"
  }
  if (/^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_SIGNATURE_FAILURE)/.test(code)) {
    return "the server's certificate is not by an authority that is trusted here; the CA is read again at each attempt"
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER") return "the server, or a proxy in between, does not speak TLS"
  return undefined
}
