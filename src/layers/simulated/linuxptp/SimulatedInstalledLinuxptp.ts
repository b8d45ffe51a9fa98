/**
 * Reports the version of the simulated linuxptp as installed. The demo and tests use it together with
 * SimulatedLinuxptp.
 */
import { Effect, Layer, Option } from "effect"
import { InstalledLinuxptp } from "../../../services/linuxptp/InstalledLinuxptp.ts"
import type { LinuxptpVersion } from "../../../services/linuxptp/LinuxptpVersion.ts"

/** Always answers with this version. */
export const layer = (options: { readonly version: LinuxptpVersion }): Layer.Layer<InstalledLinuxptp> =>
  Layer.succeed(InstalledLinuxptp, { version: Effect.succeed(Option.some(options.version)) })
