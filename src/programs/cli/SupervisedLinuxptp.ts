/** The supervisor with what there is to know of linuxptp, over whatever runs and answers on a node. */
import { Effect, Layer } from "effect"
import * as FiberProcessSupervisor from "../../layers/processes/FiberProcessSupervisor.ts"
import type { ManagementClient } from "../../services/linuxptp/ManagementClient.ts"
import type { ProcessRunner } from "../../services/processes/ProcessRunner.ts"
import type { ProcessSupervisor } from "../../services/processes/ProcessSupervisor.ts"
import { linuxptpKnowledge } from "../LinuxptpKnowledge.ts"

export const layer: Layer.Layer<ProcessSupervisor, never, ProcessRunner | ManagementClient> = Layer.unwrap(
  Effect.map(linuxptpKnowledge, FiberProcessSupervisor.layer)
)
