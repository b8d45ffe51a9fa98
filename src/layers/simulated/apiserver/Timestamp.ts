/** Wall time as Kubernetes writes it into objects. */
import { Clock, DateTime, Effect } from "effect"

/** Now, in RFC 3339 with whole seconds. */
export const timestamp: Effect.Effect<string> = Effect.map(
  Clock.currentTimeMillis,
  (millis) => DateTime.formatIso(DateTime.makeUnsafe(millis)).replace(/\.\d+Z$/, "Z")
)
