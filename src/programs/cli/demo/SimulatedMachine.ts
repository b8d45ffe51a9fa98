/** The simulated parts of a demo node below the daemon: NICs, linuxptp and processes. */
import { Layer } from "effect"
import * as SimulatedConfigurationCheck from "../../../layers/simulated/linuxptp/SimulatedConfigurationCheck.ts"
import * as SimulatedInstalledLinuxptp from "../../../layers/simulated/linuxptp/SimulatedInstalledLinuxptp.ts"
import * as SimulatedLinuxptp from "../../../layers/simulated/linuxptp/SimulatedLinuxptp.ts"
import * as SimulatedNetwork from "../../../layers/simulated/linuxptp/SimulatedNetwork.ts"

const version = { major: 4, minor: 4, patch: 0 }

/** The machine of one node of the simulated network. */
export const simulatedMachine = (nodeName: string) =>
  Layer.mergeAll(
    SimulatedNetwork.deviceDiscovery(nodeName),
    SimulatedConfigurationCheck.layer,
    SimulatedInstalledLinuxptp.layer({ version }),
    SimulatedLinuxptp.layer({ nodeName, version })
  )
