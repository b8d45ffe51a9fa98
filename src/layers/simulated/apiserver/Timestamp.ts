/** Wall time in the form that Kubernetes uses in objects. */
import { Clock, DateTime, Effect } from "effect"

/** The present time in RFC 3339 with whole seconds. */
export const timestamp: Effect.Effect<string> = Effect.map(
  Clock.currentTimeMillis,
  (millis) => DateTime.formatIso(DateTime.makeUnsafe(millis)).replace(/\.\d+Z$/, "Z")
)
