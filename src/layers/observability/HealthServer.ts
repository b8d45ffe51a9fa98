/** `/healthz` and `/readyz` for the kubelet: 200 `ok`, or 503 with the reasons, one per line. */
import { Effect } from "effect"
import { Health } from "../../services/Health.ts"
import type { Answer, Endpoint } from "./Endpoint.ts"

const answer = (reasons: ReadonlyArray<string>): Answer => {
  const body = reasons.length === 0 ? "ok\n" : `${reasons.join("\n")}\n`
  return { status: reasons.length === 0 ? 200 : 503, contentType: "text/plain; charset=utf-8", body }
}

/** The kubelet asks from the host, so a daemon in a cluster listens on all addresses. */
export const endpoint = (place: { readonly port: number; readonly host?: string }): Endpoint<Health> => ({
  ...place,
  setting: "HEALTH_PORT",
  answers: new Map([
    ["/healthz", Effect.flatMap(Health, ({ stuck }) => Effect.map(stuck, answer))],
    ["/readyz", Effect.flatMap(Health, ({ notReady }) => Effect.map(notReady, answer))]
  ])
})
