/** Says that the simulated linuxptp is installed. The demo and tests use it beside SimulatedLinuxptp. */
import { Effect, Layer, Option } from "effect"
import { InstalledLinuxptp } from "../../../services/linuxptp/InstalledLinuxptp.ts"
import type { LinuxptpVersion } from "../../../services/linuxptp/LinuxptpVersion.ts"

/** Answers this version, always. */
export const layer = (options: { readonly version: LinuxptpVersion }): Layer.Layer<InstalledLinuxptp> =>
  Layer.succeed(InstalledLinuxptp, { version: Effect.succeed(Option.some(options.version)) })
