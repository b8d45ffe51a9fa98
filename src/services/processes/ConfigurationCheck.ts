/**
 * The contract that lets a program look at its own configuration before anything is stopped for it: what the daemon's
 * own lists can't know, the program does. Few programs have such a mode.
 */
import { Context, type Effect, type Option } from "effect"
import type { ProcessSpec } from "./ProcessSpec.ts"

export class ConfigurationCheck extends Context.Service<ConfigurationCheck, {
  /**
   * The program's own words when it refuses `spec`. `None`: it accepts it, has no such mode, could not be asked, or
   * complains only of a NIC that is not there, which may come.
   */
  readonly refusal: (spec: ProcessSpec) => Effect.Effect<Option.Option<string>>
}>()("linuxptp-daemon/services/processes/ConfigurationCheck") {}
