/**
 * The HTTP client for a collector of traces, which may be down, hang or answer without an end. Each request has an end,
 * and a collector that takes nothing is told once, and once more when it does.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { ByteSize, type Duration, Effect, Layer } from "effect"
import { HttpClient, HttpClientError, HttpIncomingMessage } from "effect/http"

/** The answer to an export is empty, or it names what was refused. */
const longestAnswer = ByteSize.fromInputUnsafe(65_536)

export const layer = (
  { timeout, url }: { readonly timeout: Duration.Duration; readonly url: string }
): Layer.Layer<HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      let isTold = false
      const tell = (reason: string) => {
        if (isTold) return Effect.void
        isTold = true
        return Effect.logWarning("the collector of traces does not take them, trying again").pipe(
          Effect.annotateLogs({ collector: new URL(url).host, error: reason })
        )
      }
      const tellGood = Effect.suspend(() => {
        if (!isTold) return Effect.void
        isTold = false
        return Effect.logInfo("the collector of traces takes them again")
      })
      return HttpClient.transform(client, (response, request) =>
        response.pipe(
          // The exporter reads it again, and gets the same.
          Effect.tap(({ arrayBuffer }) => arrayBuffer),
          Effect.provideService(HttpIncomingMessage.MaxBodySize, longestAnswer),
          Effect.timeoutOrElse({
            duration: timeout,
            orElse: () => {
              const description = "no answer in time"
              const reason = new HttpClientError.TransportError({ request, description })
              return Effect.fail(new HttpClientError.HttpClientError({ reason }))
            }
          }),
          Effect.tap(({ status }) => status < 400 ? tellGood : tell(`HTTP ${status}`)),
          Effect.tapError(({ message }) => tell(message))
        ))
    })
  ).pipe(Layer.provide(NodeHttpClient.layerNodeHttp))
