/**
 * The contract to let a program check its own configuration before anything is stopped for it. It finds mistakes that
 * the daemon's own lists cannot know. Few programs can do this.
 */
import { Context, type Effect, type Option } from "effect"
import type { ProcessSpec } from "./ProcessSpec.ts"

export class ConfigurationCheck extends Context.Service<ConfigurationCheck, {
  /**
   * The program's own words if it refuses `spec`. `None` if it accepts it, cannot check configurations, could not be
   * asked, or only misses a NIC, which may still appear.
   */
  readonly refusal: (spec: ProcessSpec) => Effect.Effect<Option.Option<string>>
}>()("linuxptp-daemon/services/processes/ConfigurationCheck") {}
