/**
 * The supervisor together with what it needs to know about linuxptp. Whoever uses it adds the runner and the management
 * client.
 */
import { Effect, Layer } from "effect"
import * as FiberProcessSupervisor from "../../layers/processes/FiberProcessSupervisor.ts"
import type { ManagementClient } from "../../services/linuxptp/ManagementClient.ts"
import type { ProcessRunner } from "../../services/processes/ProcessRunner.ts"
import type { ProcessSupervisor } from "../../services/processes/ProcessSupervisor.ts"
import { linuxptpKnowledge } from "../LinuxptpKnowledge.ts"

export const layer: Layer.Layer<ProcessSupervisor, never, ProcessRunner | ManagementClient> = Layer.unwrap(
  Effect.map(linuxptpKnowledge, FiberProcessSupervisor.layer)
)
