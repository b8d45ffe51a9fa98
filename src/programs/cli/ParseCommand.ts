/**
 * The command `parse`: reads linuxptp's output from standard input, as it was printed or as people paste it, and prints
 * events. Each line gives one event at
 * once; no input makes it fail, and its memory does not grow. It does not judge what the events mean for the clock.
 */
import { Effect, Stdio, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { type KnownTags, parsePastedLine } from "../../services/linuxptp/PastedLine.ts"
import { renderEventJson, renderEventText } from "./ParseText.ts"

/**
 * linuxptp prints at most 1,200 characters per line. The rest of a longer line, which is not from linuxptp, is dropped.
 */
export const longestLine = 65_536

/** Reads standard input to its end and prints one event per line. Never fails. */
export const parseInput = Effect.fn("parseInput")(function*(output: "text" | "json") {
  const { stdin, stdout } = yield* Stdio.Stdio
  const tags: KnownTags = new Set()
  const render = output === "json" ? renderEventJson : renderEventText
  const input = stdin.pipe(
    // If the terminal goes away or the input is a folder, nothing more can be read. Everything read so far is printed.
    Stream.catch((error) => Stream.drain(Stream.fromEffect(Effect.logWarning("standard input ended early", error))))
  )
  yield* Stream.decodeText(input).pipe(
    Stream.mapAccum(() => "", splitLines, { onHalt: (rest) => (rest === "" ? [] : [[rest]]) }),
    // Lines that arrive together are printed with one write, so output is as fast as input.
    Stream.map((lines) => lines.map((line) => `${render(parsePastedLine(line, tags))}\n`).join("")),
    Stream.run(stdout()),
    // The reader of the output has gone (`| head`), so nothing more needs to be printed.
    Effect.ignore
  )
})

/** The complete lines of `rest + text`, and the text after the last line feed. */
const splitLines = (
  rest: string,
  text: string
): readonly [rest: string, lines: ReadonlyArray<ReadonlyArray<string>>] => {
  const lines = (rest + text).split("\n").map((line) => line.slice(0, longestLine))
  const last = lines.pop() ?? ""
  return [last, lines.length === 0 ? [] : [lines]]
}

// Node does not exit while its standard input is open. Without a reader (`| head`) that could be as long as linuxptp
// runs.
const closeStandardInput = Effect.sync(() => process.stdin.destroy())

/** The subcommand `parse`. JSON is the default because its readers are mostly programs. */
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
