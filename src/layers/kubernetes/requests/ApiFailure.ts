/**
 * Turns the failure of a request into a `KubernetesApiError`: an unsuccessful status, or a failed connection. Pure;
 * other files decide whether and when to try again.
 */
import { Option, Predicate, Schema } from "effect"
import { KubernetesApiError, type KubernetesApiReason } from "../../../services/kubernetes/KubernetesApi.ts"

/** What was asked, in the words of metrics and errors. */
export interface ApiCall {
  readonly verb: "list" | "watch" | "get" | "create" | "patch"
  readonly path: string
}

/** A `Status` object (meta/v1). It is the body of an error answer and the object of an ERROR event. */
export const ApiStatus = Schema.Struct({
  code: Schema.optionalKey(Schema.Int),
  reason: Schema.optionalKey(Schema.String),
  message: Schema.optionalKey(Schema.String)
})

const decodeStatusText = Schema.decodeUnknownOption(Schema.fromJsonString(ApiStatus))

const longestDetail = 500

/** The reason for an HTTP status. Statuses that the API does not document are `Malformed`. */
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

/** An unsuccessful answer. `Retry-After` is in seconds; Kubernetes never sends its other form, a date. */
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

/** A `Status` that arrived in a watch as an ERROR event. Without a code it counts as 500. */
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

/**
 * There was no answer, or it broke off: refused, reset, TLS, DNS. `now` is the time of this node's clock, for hints.
 */
export const failureOfConnection = (call: ApiCall, cause: unknown, now = ""): KubernetesApiError => {
  const hint = hintOf(cause, now)
  return new KubernetesApiError({
    verb: call.verb,
    path: call.path,
    reason: "Unreachable",
    detail: describe(cause).slice(0, longestDetail) + (hint === undefined ? "" : ` (${hint})`)
  })
}

/** The request was not made, because credentials are missing or unreadable. */
export const denied = (call: ApiCall, detail: string): KubernetesApiError =>
  new KubernetesApiError({ verb: call.verb, path: call.path, reason: "Denied", detail: detail.slice(0, longestDetail) })

/** The answer is not what the API promises. */
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

/** If a name has several addresses and all of them failed, node's error has no message. */
const wordsOf = (cause: unknown): string => {
  if (cause instanceof AggregateError) return cause.errors.map(wordsOf).join(", ")
  return (cause instanceof Error ? cause.message : String(cause)).replace(/\s+/g, " ").trim()
}

// Codes of node:tls and of OpenSSL's certificate verification (X509_V_ERR_*), as in `error.code`.
const tlsCode = /^(CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_|ERR_SSL_|INVALID_|HOSTNAME_MISMATCH|EPROTO)/

/** True if the TLS handshake failed: the server's CA or the client certificate may have been renewed. */
export const isTlsFailure = (cause: unknown): boolean => tlsCode.test(codeOf(cause))

const codeOf = (cause: unknown): string =>
  Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : ""

/** What to check, for errors whose message does not say it. */
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
