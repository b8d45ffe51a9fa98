/**
 * One keep-alive connection to the API server. Each request gets credentials, a time limit, a metric and a span.
 * HttpKubernetesApi opens one connection for all plain requests and one for each watch. Requests are not retried, with
 * one exception: after a 401 or a TLS error the credentials are read again, and if they have changed, the request is
 * made once more, because credentials are rotated while the daemon runs.
 */
import { ByteSize, Clock, Duration, Effect, Metric, Result, type Scope, Stream } from "effect"
import { HttpBody, HttpClient, HttpClientRequest, type HttpClientResponse, HttpIncomingMessage } from "effect/http"
import type { HttpClientError } from "effect/http"
import type { KubernetesApiError } from "../../../services/kubernetes/KubernetesApi.ts"
import {
  type KubernetesCredentials,
  KubernetesCredentialsError
} from "../../../services/kubernetes/KubernetesCredentials.ts"
import { apiRequests } from "../../../services/Metrics.ts"
import { version } from "../../../services/Version.ts"
import { type ApiCall, denied, failureOfAnswer, failureOfConnection, isTlsFailure } from "./ApiFailure.ts"
import { type ApiClient, type ApiTransport, makeApiTransport } from "./ApiTransport.ts"

/** One request. Its path begins at the root of the API server. */
export interface ClientRequest extends ApiCall {
  /** The plural name of the kind, for the name of the span. */
  readonly resource: string
  readonly method: "GET" | "POST" | "PATCH"
  readonly params?: Readonly<Record<string, string>>
  readonly accept?: string
  readonly body?: { readonly contentType: string; readonly text: string }
}

export interface ApiConnection {
  /** The text of a successful answer, within 30 s. */
  readonly text: (request: ClientRequest) => Effect.Effect<string, KubernetesApiError>
  /** A successful answer whose body is read as it arrives. It must begin within 30 s; the body has no limit. */
  readonly open: (
    request: ClientRequest
  ) => Effect.Effect<Stream.Stream<Uint8Array, KubernetesApiError>, KubernetesApiError, Scope.Scope>
}

const timeLimit = Duration.seconds(30)
const largestBody = ByteSize.mebibytes(64)

/** A connection that is opened by the first request and closed with the scope. */
export const makeApiConnection = Effect.fnUntraced(
  function*(credentials: KubernetesCredentials["Service"]): Effect.fn.Return<ApiConnection, never, Scope.Scope> {
    const transport = yield* makeApiTransport(credentials)

    const send = (request: ClientRequest, headers: CredentialHeaders) =>
      trusted(transport, credentials.server, request, headers)

    const answer = Effect.fnUntraced(
      function*(request: ClientRequest) {
        const headers = yield* credentials.headers({ renew: false })
        const first = yield* Effect.result(send(request, headers))
        if (Result.isSuccess(first)) return first.success
        if (first.failure._tag !== "KubernetesApiError" || first.failure.status !== 401) return yield* first.failure
        // The same credentials would be refused again. Another connection may have read new ones already.
        const current = yield* credentials.headers({ renew: false })
        const renewed = isSameProof(current, headers) ? yield* credentials.headers({ renew: true }) : current
        const hasNewCertificate = yield* transport.renewed
        if (!hasNewCertificate && isSameProof(renewed, headers)) return yield* first.failure
        return yield* send(request, renewed)
      },
      (effect, request) =>
        effect.pipe(Effect.catchTags({
          KubernetesCredentialsError: ({ message }) => Effect.fail(denied(request, message)),
          // A wrong clock is a common reason for refused certificates, and this daemon is responsible for the clock, so
          // the error contains the time.
          HttpClientError: (error) =>
            Effect.flatMap(nowText, (now) => Effect.fail(failureOfConnection(request, causeOf(error), now)))
        }))
    )

    return {
      text: (request) =>
        answer(request).pipe(
          Effect.flatMap((answered) => readText(request, answered)),
          Effect.scoped,
          (effect) => withinTime(request, effect)
        ),
      open: (request) =>
        withinTime(request, answer(request)).pipe(
          // A span of a watch would last for hours and be exported only at its end.
          Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
          Effect.map((answered) =>
            Stream.mapError(answered.bytes, (error) => failureOfConnection(request, causeOf(error)))
          )
        )
    }
  }
)

/**
 * After a failed handshake no request was sent yet. With other authorities or another client certificate it is tried
 * again.
 */
const trusted = (transport: ApiTransport, server: string, request: ClientRequest, headers: CredentialHeaders) =>
  exchange(transport, server, request, headers).pipe(
    Effect.catchTag(
      "HttpClientError",
      Effect.fnUntraced(function*(error) {
        if (!isTlsFailure(causeOf(error))) return yield* error
        const isRenewed = yield* transport.renewed
        if (isRenewed) return yield* exchange(transport, server, request, headers)
        yield* transport.forget
        return yield* error
      })
    )
  )

const exchange = Effect.fnUntraced(function*(
  transport: ApiTransport,
  server: string,
  request: ClientRequest,
  headers: CredentialHeaders
) {
  // Node would throw: a kubeconfig may contain any text as a token.
  if (!Object.values(headers).every(isHeaderValue)) return yield* forgedHeader
  const { answering, client } = yield* transport.client
  const answer = yield* answerOf(client.execute(httpRequest(server, request, headers)), answering)
  yield* countRequest(request, String(answer.status))
  if (answer.status >= 200 && answer.status < 300) return answer
  // Read to its end, so that the connection can be used again.
  const body = yield* answer.text.pipe(Effect.orElseSucceed(() => ""))
  const { retryAfter, status } = answer
  return yield* failureOfAnswer(request, { status, body, retryAfter })
})

/** An answer whose body is read once, as text or as a stream. */
interface ApiAnswer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly text: Effect.Effect<string, HttpClientError.HttpClientError>
  readonly bytes: Stream.Stream<Uint8Array, HttpClientError.HttpClientError>
}

/** If a scope ends before the body, the connection ends too; otherwise it would stay busy for ever. */
const answerOf = (
  execute: Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>,
  answering: ApiClient["answering"]
): Effect.Effect<ApiAnswer, HttpClientError.HttpClientError, Scope.Scope> =>
  Effect.uninterruptibleMask(Effect.fnUntraced(function*(restore) {
    const response = yield* restore(execute)
    const hangUp = yield* answering
    let isRead = false
    const read = Effect.sync(() => {
      isRead = true
    })
    yield* Effect.addFinalizer(() => isRead ? Effect.void : hangUp)
    // On a slow event loop an answer may be read before node has finished sending the request. If its body ends by
    // then, NodeHttpClient assumes that the upload must be stopped and closes the connection. Therefore the body is not
    // read before.
    yield* restore(Effect.andThen(eventLoopTurn, eventLoopTurn))
    return {
      status: response.status,
      retryAfter: response.headers["retry-after"],
      text: Effect.tap(response.text, read),
      bytes: Stream.onEnd(response.stream, read)
    }
  }))

type CredentialHeaders = Readonly<Record<string, string>>

const isHeaderValue = (text: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(text)

const forgedHeader = new KubernetesCredentialsError({
  source: "what was given",
  cause: "a token, password or user has characters that no header can hold"
})

const isSameProof = (a: CredentialHeaders, b: CredentialHeaders): boolean => JSON.stringify(a) === JSON.stringify(b)

const nowText = Effect.map(Clock.currentTimeMillis, (millis) => new Date(millis).toISOString())

const withinTime = <A, R>(request: ClientRequest, effect: Effect.Effect<A, KubernetesApiError, R>) =>
  effect.pipe(
    Effect.timeoutOrElse({
      duration: timeLimit,
      orElse: () => Effect.fail(failureOfConnection(request, `no answer in ${Duration.format(timeLimit)}`))
    }),
    Effect.tapError((error) => error.status === undefined ? countRequest(request, "error") : Effect.void),
    Effect.provideService(HttpIncomingMessage.MaxBodySize, largestBody),
    Effect.provideService(HttpClient.SpanNameGenerator, () => `${request.verb} ${request.resource}`)
  )

/** Audit logs and the API server's metrics show this name. */
const userAgent = `linuxptp-daemon/${version}`

const httpRequest = (server: string, request: ClientRequest, credentials: Readonly<Record<string, string>>) =>
  HttpClientRequest.make(request.method)(`${server}${request.path}`, {
    urlParams: request.params ?? {},
    headers: { accept: request.accept ?? "application/json", "user-agent": userAgent, ...credentials },
    ...(request.body === undefined ? {} : { body: HttpBody.text(request.body.text, request.body.contentType) })
  })

const eventLoopTurn = Effect.callback<void>((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

const readText = (request: ClientRequest, answer: ApiAnswer) =>
  answer.text.pipe(Effect.mapError((error) => failureOfConnection(request, causeOf(error))))

const countRequest = (request: ClientRequest, code: string) =>
  Metric.update(Metric.withAttributes(apiRequests, { verb: request.verb, code }), 1)

const causeOf = ({ message, reason }: HttpClientError.HttpClientError): unknown => {
  if (reason._tag === "InvalidUrlError") return "this is no URL of a server"
  return "cause" in reason && reason.cause !== undefined ? reason.cause : message
}
