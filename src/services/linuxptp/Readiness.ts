/**
 * Decides by a process's own lines when it counts as ready. The supervisor then starts the processes that depend on it
 * and resets its back-off. A process may also become ready by an answer on its management socket (LinuxptpKnowledge).
 */
import { type ParsedLogLine, parseLogLine } from "./LogEvent.ts"
import { isOperational } from "./PortState.ts"
import { isProgram, type Program } from "./Program.ts"

/** True for a line which shows that `program` works. Lines of other programs (children of timemaster) never count. */
export const becomesReady = (program: string, line: string): boolean => {
  const event = parseLogLine(line)
  return event.kind !== "unframed" && event.program === program && isProgram(program) && rules[program](event)
}

const rules: Readonly<Record<Program, (event: ParsedLogLine) => boolean>> = {
  // Port 0 is the management socket, which listens even when no NIC works.
  ptp4l: (event) => event.kind === "portState" && event.port > 0 && isOperational(event.to),
  // "selecting …" means that it found ptp4l and knows its clocks. On a grandmaster without a reference it may never
  // print an offset.
  phc2sys: (event) =>
    event.kind === "offset" || event.kind === "summary" ||
    (event.kind === "message" && event.text.startsWith("selecting ")),
  // ts2phc.c, ts2phc_synchronize_clocks: with free_running 1 it prints the offset alone, without a servo state.
  ts2phc: (event) => event.kind === "offset" || (event.kind === "message" && bareOffset.test(event.text)),
  // timemaster.c, start_process: timemaster has accepted its configuration. A child that dies within 1 s ends
  // timemaster too.
  timemaster: (event) => event.kind === "message" && timemasterChild.test(event.text)
}

const bareOffset = /^\S{1,128} (?:master )?offset +-?\d+$/
const timemasterChild = /^process \d+ started: /
