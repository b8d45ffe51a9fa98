/**
 * Where the demo shows what happens: on a terminal a picture that stays at the bottom and is drawn anew in place, with
 * what is said above it; elsewhere only what is said, line by line. DemoTable draws, the story and the command say.
 */
import { Config, Context, Effect, Layer, Queue, Semaphore, Stdio, Terminal } from "effect"

/** Makes the lines to show for a terminal of `width` columns. */
export type Picture = (width: number) => ReadonlyArray<string>

export class DemoScreen extends Context.Service<DemoScreen, {
  /** True on a terminal; elsewhere `draw` shows nothing. */
  readonly isLive: boolean
  /** Prints lines that stay. */
  readonly say: (text: string) => Effect.Effect<void>
  /** Puts this picture in place of the last one. */
  readonly draw: (picture: Picture) => Effect.Effect<void>
}>()("linuxptp-daemon/programs/cli/demo/DemoScreen") {}

// ECMA-48 control sequences, and DEC's for the cursor.
const escape = "\u001B["
const hideCursor = `${escape}?25l`
const showCursor = `${escape}?25h`
const clearScreen = `${escape}2J${escape}H`
const clearToLineEnd = `${escape}K`
const clearBelow = `${escape}J`
const upBy = (lines: number): string => lines === 0 ? "" : `${escape}${lines}A`

const noPicture: Picture = () => []

/** A changed width moves lines about; so many of those that were said are then printed again. */
const remembered = 40

/** Draws in place if standard output is a terminal that can. The cursor is back when the scope closes, also by interruption. */
export const layer: Layer.Layer<DemoScreen, Config.ConfigError, Terminal.Terminal | Stdio.Stdio> = Layer.effect(
  DemoScreen,
  Effect.gen(function*() {
    const isTerminal = yield* Stdio.Stdio.use((stdio) => stdio.stdoutIsTerminal)
    const term = yield* Config.String("TERM").pipe(Config.withDefault(""))
    return isTerminal && term !== "dumb" ? yield* liveScreen : yield* plainScreen
  })
)

const plainScreen = Effect.gen(function*() {
  const terminal = yield* Terminal.Terminal
  return DemoScreen.of({
    isLive: false,
    // Whoever read the output has gone; the demo goes on for those who use its API server.
    say: (text) => Effect.ignore(terminal.display(`${text}\n`)),
    draw: () => Effect.void
  })
})

const liveScreen = Effect.gen(function*() {
  const terminal = yield* Terminal.Terminal
  const sizes = yield* terminal.size
  let size = yield* Effect.orDie(Queue.take(sizes))
  let said: ReadonlyArray<string> = []
  let picture = noPicture
  /** How many lines of the picture stand above the cursor. */
  let drawn = 0

  const oneAtATime = Semaphore.makeUnsafe(1)
  const write = (text: () => string) =>
    oneAtATime.withPermit(Effect.suspend(() => Effect.ignore(terminal.display(text()))))

  /** The text that puts `lines`, and the picture below them, where the picture was. One write, so nothing flickers. */
  const frame = (lines: ReadonlyArray<string>): string => {
    const visible = fitted(picture(size.columns || 80), size)
    const text = [...lines, ...visible].map((line) => `${line}${clearToLineEnd}\n`).join("")
    const start = upBy(drawn)
    drawn = visible.length
    return `${start}${text}${clearBelow}`
  }

  // The terminal echoes ^C behind the picture; the shell's prompt goes below it.
  yield* Effect.acquireRelease(write(() => hideCursor), () => write(() => `\n${showCursor}`))
  yield* Effect.gen(function*() {
    const changed = yield* Queue.take(sizes)
    yield* write(() => {
      size = changed
      drawn = 0
      return `${clearScreen}${frame(said)}`
    })
  }).pipe(
    Effect.forever,
    // The terminal ends its sizes with its scope, which is also ours.
    Effect.ignore,
    Effect.forkScoped
  )

  return DemoScreen.of({
    isLive: true,
    say: (text) =>
      write(() => {
        const lines = text.split("\n")
        said = [...said, ...lines].slice(-remembered)
        return frame(lines)
      }),
    draw: (next) =>
      write(() => {
        picture = next
        return frame([])
      })
  })
})

/** A picture as high as the terminal would scroll, and could then not be drawn over. */
const fitted = (lines: ReadonlyArray<string>, { rows }: Terminal.Size): ReadonlyArray<string> => {
  const room = Math.max((rows || 24) - 1, 1)
  return lines.length <= room ? lines : [...lines.slice(0, room - 1), `... ${lines.length - room + 1} more lines`]
}
