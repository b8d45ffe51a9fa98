/**
 * The contract that asks which linuxptp is installed. The planner's rules depend on it; `plan` and the daemon ask.
 */
import { Context, type Effect, type Option } from "effect"
import type { LinuxptpVersion } from "./LinuxptpVersion.ts"

/** The linuxptp of this machine, or of its image. */
export class InstalledLinuxptp extends Context.Service<InstalledLinuxptp, {
  /** Asked anew each time, since packages come and go. `None`: not installed, or what it says is no version. */
  readonly version: Effect.Effect<Option.Option<LinuxptpVersion>>
}>()("linuxptp-daemon/services/linuxptp/InstalledLinuxptp") {}
