/**
 * One keep-alive connection to the API server: TLS, credentials, time limit, metric and span of each request.
 * HttpKubernetesApi opens one for all plain requests and one for each watch. It retries nothing, except that a 401
 * renews the credentials once, because a token rotates under a running daemon.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { ByteSize, Duration, Effect, Metric, RcRef, type Scope, Stream } from "effect"
import { HttpBody, HttpClient, HttpClientRequest, type HttpClientResponse, HttpIncomingMessage } from "effect/http"
import type { HttpClientError } from "effect/http"
import { createSecureContext } from "node:tls"
import type { KubernetesApiError } from "../../services/kubernetes/KubernetesApi.ts"
import {
  type KubernetesCredentials,
  KubernetesCredentialsError,
  type KubernetesTls
} from "../../services/kubernetes/KubernetesCredentials.ts"
import { apiRequests } from "../../services/Metrics.ts"
import { type ApiCall, denied, failureOfAnswer, failureOfConnection, isTlsFailure } from "./ApiFailure.ts"

/** One request. The path begins at the API server's root. */
export interface ApiRequest extends ApiCall {
  /** Plural name of the kind, for the span's name. */
  readonly resource: string
  readonly method: "GET" | "POST" | "PATCH"
  readonly params?: Readonly<Record<string, string>>
  readonly accept?: string
  readonly body?: { readonly contentType: string; readonly text: string }
}

export interface ApiConnection {
  /** The text of a successful answer, within 30 s. */
  readonly text: (request: ApiRequest) => Effect.Effect<string, KubernetesApiError>
  /** A successful answer, whose body is read as it comes. It must begin within 30 s; the body has no limit. */
  readonly open: (
    request: ApiRequest
  ) => Effect.Effect<Stream.Stream<Uint8Array, KubernetesApiError>, KubernetesApiError, Scope.Scope>
}

const timeLimit = Duration.seconds(30)
const largestBody = ByteSize.mebibytes(64)

/** A connection that is opened with the first request and closed with the scope. */
export const makeApiConnection = Effect.fnUntraced(
  function*(credentials: KubernetesCredentials["Service"]): Effect.fn.Return<ApiConnection, never, Scope.Scope> {
    const clients = yield* RcRef.make({
      acquire: Effect.flatMap(credentials.tls, makeClient),
      idleTimeToLive: Duration.infinity
    })

    const attempt = Effect.fnUntraced(function*(request: ApiRequest, renew: boolean) {
      const unreadable = (error: KubernetesCredentialsError) => denied(request, error.message)
      const client = yield* RcRef.get(clients).pipe(Effect.mapError(unreadable))
      const headers = yield* credentials.headers({ renew }).pipe(Effect.mapError(unreadable))
      const response = yield* client.execute(httpRequest(credentials.server, request, headers)).pipe(
        // The CA (or our certificate) was renewed: the next attempt reads it again.
        Effect.tapError((error) =>
          Effect.when(RcRef.invalidate(clients), Effect.succeed(isTlsFailure(causeOf(error))))
        ),
        Effect.mapError((error) => failureOfConnection(request, causeOf(error)))
      )
      yield* countRequest(request, String(response.status))
      if (response.status >= 200 && response.status < 300) return response
      // Read to its end, so that the connection can be used again.
      const body = yield* response.text.pipe(Effect.orElseSucceed(() => ""))
      const retryAfter = response.headers["retry-after"]
      return yield* failureOfAnswer(request, { status: response.status, body, retryAfter })
    })

    const answer = (request: ApiRequest) =>
      attempt(request, false).pipe(
        Effect.catchIf((error) => error.status === 401, () => attempt(request, true))
      )

    return {
      text: (request) =>
        answer(request).pipe(
          Effect.flatMap((response) => readText(request, response)),
          Effect.scoped,
          (effect) => withinTime(request, effect)
        ),
      open: (request) =>
        withinTime(request, answer(request)).pipe(
          // A span of a watch would last for hours and be exported at its end.
          Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
          Effect.map((response) =>
            Stream.mapError(response.stream, (error) => failureOfConnection(request, causeOf(error)))
          )
        )
    }
  }
)

const withinTime = <A, R>(request: ApiRequest, effect: Effect.Effect<A, KubernetesApiError, R>) =>
  effect.pipe(
    Effect.timeoutOrElse({
      duration: timeLimit,
      orElse: () => Effect.fail(failureOfConnection(request, `no answer in ${Duration.format(timeLimit)}`))
    }),
    Effect.tapError((error) => error.status === undefined ? countRequest(request, "error") : Effect.void),
    Effect.provideService(HttpIncomingMessage.MaxBodySize, largestBody),
    Effect.provideService(HttpClient.SpanNameGenerator, () => `${request.verb} ${request.resource}`)
  )

// One socket: a request waits for the one before. The server drops idle connections after 90 s (kube-apiserver,
// `IdleTimeout`); ours goes first, so that no request meets a connection which is just being closed.
const makeClient = Effect.fnUntraced(function*(tls: KubernetesTls) {
  // Read here, once: node would throw at each connection for a PEM file that is broken or half written.
  const secureContext = yield* Effect.try({
    try: () => createSecureContext({ ca: tls.ca, cert: tls.cert, key: tls.key }),
    catch: (cause) => new KubernetesCredentialsError({ source: "the TLS material", cause })
  })
  const agent = yield* NodeHttpClient.makeAgent({
    keepAlive: true,
    keepAliveMsecs: 30_000,
    maxSockets: 1,
    timeout: 60_000,
    rejectUnauthorized: tls.skipVerify !== true,
    secureContext,
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName })
  })
  const client = yield* NodeHttpClient.makeNodeHttp.pipe(Effect.provideService(NodeHttpClient.HttpAgent, agent))
  // An interruption between the answer and its body would otherwise leave the only socket busy.
  return HttpClient.withScope(client)
})

const httpRequest = (server: string, request: ApiRequest, credentials: Readonly<Record<string, string>>) =>
  HttpClientRequest.make(request.method)(`${server}${request.path}`, {
    urlParams: request.params ?? {},
    headers: { accept: request.accept ?? "application/json", ...credentials },
    ...(request.body === undefined ? {} : { body: HttpBody.text(request.body.text, request.body.contentType) })
  })

const readText = (request: ApiRequest, response: HttpClientResponse.HttpClientResponse) =>
  response.text.pipe(Effect.mapError((error) => failureOfConnection(request, causeOf(error))))

const countRequest = (request: ApiRequest, code: string) =>
  Metric.update(Metric.withAttributes(apiRequests, { verb: request.verb, code }), 1)

const causeOf = (error: HttpClientError.HttpClientError): unknown =>
  "cause" in error.reason && error.reason.cause !== undefined ? error.reason.cause : error.message
