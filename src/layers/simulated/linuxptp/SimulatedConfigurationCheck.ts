/** Accepts every configuration, because the simulated linuxptp has no `timemaster -n`. The demo and tests use it. */
import { Effect, Layer } from "effect"
import { ConfigurationCheck } from "../../../services/processes/ConfigurationCheck.ts"

/** Never refuses. */
export const layer: Layer.Layer<ConfigurationCheck> = Layer.succeed(ConfigurationCheck, {
  refusal: () => Effect.succeedNone
})
