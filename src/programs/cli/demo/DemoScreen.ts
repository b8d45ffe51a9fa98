/**
 * Where the demo shows what happens. On a terminal it keeps a picture at the bottom, which is redrawn in place, and
 * prints messages above it. Elsewhere it only prints the messages line by line. DemoTable makes the picture; DemoStory
 * and DemoCommand print messages.
 */
import { Config, Context, Effect, Layer, Queue, Stdio, SynchronizedRef, Terminal } from "effect"

/** Makes the lines of the picture for a terminal with `width` columns. */
export type Picture = (width: number) => ReadonlyArray<string>

export class DemoScreen extends Context.Service<DemoScreen, {
  /** True on a terminal. Elsewhere `draw` does nothing. */
  readonly isLive: boolean
  /** Prints lines that stay on the screen. */
  readonly say: (text: string) => Effect.Effect<void>
  /** Shows this picture instead of the last one. */
  readonly draw: (picture: Picture) => Effect.Effect<void>
}>()("linuxptp-daemon/programs/cli/demo/DemoScreen") {}

// Control sequences of ECMA-48, and those of DEC for the cursor.
const escape = "\u001B["
const hideCursor = `${escape}?25l`
const showCursor = `${escape}?25h`
const clearScreen = `${escape}2J${escape}H`
const clearToLineEnd = `${escape}K`
const clearBelow = `${escape}J`
const upBy = (lines: number): string => lines === 0 ? "" : `${escape}${lines}A`

/** When the width changes, the terminal moves lines. Then this many of the last messages are printed again. */
const remembered = 40

/**
 * Redraws in place if standard output is a terminal that can do that. The cursor is shown again when the scope closes,
 * even after an interruption.
 */
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
    // The reader of the output has gone. The demo goes on for users of its API server.
    say: (text) => Effect.ignore(terminal.display(`${text}\n`)),
    draw: () => Effect.void
  })
})

/** What is on the terminal now. */
interface Shown {
  readonly size: Terminal.Size
  readonly said: ReadonlyArray<string>
  readonly picture: Picture
  /** The number of lines of the picture above the cursor. */
  readonly drawn: number
}

/** The text to write, and what is on the terminal after it. */
type Step = (before: Shown) => readonly [text: string, after: Shown]

/** Writes `lines` and the picture below them over the old picture. It is a single write, so nothing flickers. */
const frame = (before: Shown, lines: ReadonlyArray<string>): ReturnType<Step> => {
  const visible = fitted(before.picture(before.size.columns || 80), before.size)
  const text = [...lines, ...visible].map((line) => `${line}${clearToLineEnd}\n`).join("")
  return [`${upBy(before.drawn)}${text}${clearBelow}`, { ...before, drawn: visible.length }]
}

const say = (lines: ReadonlyArray<string>): Step => (before) =>
  frame({ ...before, said: [...before.said, ...lines].slice(-remembered) }, lines)

const resize = (size: Terminal.Size): Step => (before) => {
  const [text, after] = frame({ ...before, size, drawn: 0 }, before.said)
  return [`${clearScreen}${text}`, after]
}

const liveScreen = Effect.gen(function*() {
  const terminal = yield* Terminal.Terminal
  const sizes = yield* terminal.size
  const size = yield* Effect.orDie(Queue.take(sizes))
  const shown = yield* SynchronizedRef.make<Shown>({ size, said: [], picture: () => [], drawn: 0 })
  const perform = (step: Step) =>
    SynchronizedRef.updateEffect(shown, (before) => {
      const [text, after] = step(before)
      return Effect.as(Effect.ignore(terminal.display(text)), after)
    })
  // The terminal prints ^C after the picture, and the shell's prompt must be below it.
  yield* Effect.acquireRelease(
    perform((before) => [hideCursor, before]),
    () => perform((before) => [`\n${showCursor}`, before])
  )
  yield* Queue.take(sizes).pipe(
    Effect.flatMap((changed) => perform(resize(changed))),
    Effect.forever,
    // The stream of sizes ends with the terminal's scope, which is this scope too.
    Effect.ignore,
    Effect.forkScoped
  )
  return DemoScreen.of({
    isLive: true,
    say: (text) => perform(say(text.split("\n"))),
    draw: (picture) => perform((before) => frame({ ...before, picture }, []))
  })
})

/** A picture as high as the terminal would make it scroll and could not be redrawn in place. */
const fitted = (lines: ReadonlyArray<string>, { rows }: Terminal.Size): ReadonlyArray<string> => {
  const room = Math.max((rows || 24) - 1, 1)
  return lines.length <= room ? lines : [...lines.slice(0, room - 1), `... ${lines.length - room + 1} more lines`]
}
