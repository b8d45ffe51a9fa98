/**
 * What the supervisor needs to know about linuxptp: the rules of `services/linuxptp`, and how to ask ptp4l on its
 * management socket. The supervisor itself does not know PTP.
 */
import { Effect, Option } from "effect"
import { longestPause } from "../services/linuxptp/LongestPause.ts"
import { ManagementClient } from "../services/linuxptp/ManagementClient.ts"
import { isOperational } from "../services/linuxptp/PortState.ts"
import { isProgram } from "../services/linuxptp/Program.ts"
import { becomesReady } from "../services/linuxptp/Readiness.ts"
import { isConfigurationError, lastWords } from "../services/linuxptp/StartFailure.ts"
import { whyNotReady } from "../services/linuxptp/WhyNotReady.ts"
import type { ProgramKnowledge } from "../services/processes/ProgramKnowledge.ts"

/** For the supervisor, of real processes and of simulated ones. Where ptp4l cannot be asked, the client's `isAvailable` is false. */
export const linuxptpKnowledge: Effect.Effect<ProgramKnowledge, never, ManagementClient> = Effect.map(
  ManagementClient,
  (client) => ({
    becomesReady,
    isConfigurationError,
    lastWords,
    whyNotReady: (program, lines) => isProgram(program) ? whyNotReady(program, lines) : "",
    longestPause: ({ argv, program }) => longestPause(program, argv),
    probe: ({ management }) =>
      management === undefined || !client.isAvailable ? undefined : Effect.flatMap(
        client.ask(management),
        Option.match({
          onNone: () => Effect.map(client.isReachable(management), (is) => is ? "silent" as const : "unreachable"),
          onSome: ({ ports }) => Effect.succeed(ports.some(({ state }) => isOperational(state)) ? "ready" : "running")
        })
      )
  })
)
