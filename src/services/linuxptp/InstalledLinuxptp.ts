/**
 * The contract to ask which version of linuxptp is installed. The rules for planning depend on it; `plan` and the
 * daemon use it.
 */
import { Context, type Effect, type Option } from "effect"
import type { LinuxptpVersion } from "./LinuxptpVersion.ts"

/** The linuxptp of this machine or of this image. */
export class InstalledLinuxptp extends Context.Service<InstalledLinuxptp, {
  /**
   * Looks again each time, because packages are installed, upgraded and removed; it is cheap while nothing has changed.
   * `None`: linuxptp is not installed, or its answer
   * is not a version.
   */
  readonly version: Effect.Effect<Option.Option<LinuxptpVersion>>
}>()("linuxptp-daemon/services/linuxptp/InstalledLinuxptp") {}
