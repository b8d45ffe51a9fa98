/**
 * `parse`: linuxptp's output on the standard input, as events. A line in, an event out, at once; no input makes it fail,
 * and memory does not grow with it. It judges nothing: what events mean for the clock is the daemon's business.
 */
import { Effect, Stdio, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { parseLogLine } from "../../services/linuxptp/LogEvent.ts"
import { renderEventJson, renderEventText } from "./ParseText.ts"

/** linuxptp prints at most 1,200 characters a line; what a line of something else has beyond this is dropped. */
export const longestLine = 65_536

/** Reads the standard input to its end and prints an event for each line. Never fails. */
export const parseInput = Effect.fn("parseInput")(function*(output: "text" | "json") {
  const { stdin, stdout } = yield* Stdio.Stdio
  const render = output === "json" ? renderEventJson : renderEventText
  const input = stdin.pipe(
    // A terminal that goes away, a folder as input: there is no more to read, and what was read is printed.
    Stream.catch((error) => Stream.drain(Stream.fromEffect(Effect.logWarning("standard input ended early", error))))
  )
  yield* Stream.decodeText(input).pipe(
    Stream.mapAccum(() => "", splitLines, { onHalt: (rest) => (rest === "" ? [] : [[rest]]) }),
    // One write for all lines that came together: they go out as fast as they come in.
    Stream.map((lines) => lines.map((line) => `${render(parseLogLine(line))}\n`).join("")),
    Stream.run(stdout()),
    // The reader went away (`| head`): nobody is left to print for.
    Effect.ignore
  )
})

/** The whole lines of `rest + text`, and what is left behind the last line feed. */
const splitLines = (
  rest: string,
  text: string
): readonly [rest: string, lines: ReadonlyArray<ReadonlyArray<string>>] => {
  const lines = (rest + text).split("\n").map((line) => line.slice(0, longestLine))
  const last = lines.pop() ?? ""
  return [last, lines.length === 0 ? [] : [lines]]
}

// Node lives on while its standard input is open, which without a reader (`| head`) would be as long as linuxptp does.
const closeStandardInput = Effect.sync(() => process.stdin.destroy())

/** The `parse` subcommand. Programs are its usual readers, so JSON is the default. */
export const parseCommand = Command.make(
  "parse",
  {
    output: Flag.Literals("output", ["text", "json"]).pipe(
      Flag.withAlias("o"),
      Flag.withDefault("json"),
      Flag.withDescription("text: a sentence for each line, json: one object a line")
    )
  },
  ({ output }) => Effect.ensuring(parseInput(output), closeStandardInput)
).pipe(Command.withDescription("linuxptp log lines on standard input to events"))
