/**
 * Where the demo shows what happens: on a terminal a picture that stays at the bottom and is drawn anew in place, with
 * what is said above it; elsewhere only what is said, line by line. DemoTable draws, the story and the command say.
 */
import { Config, Context, Effect, Layer, Queue, Stdio, SynchronizedRef, Terminal } from "effect"

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

/** What stands on the terminal. */
interface Shown {
  readonly size: Terminal.Size
  readonly said: ReadonlyArray<string>
  readonly picture: Picture
  /** How many lines of the picture stand above the cursor. */
  readonly drawn: number
}

/** What to write, and what then stands on the terminal. */
type Step = (before: Shown) => readonly [text: string, after: Shown]

/** Puts `lines`, and the picture below them, where the picture was. One write, so nothing flickers. */
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
  // The terminal echoes ^C behind the picture; the shell's prompt goes below it.
  yield* Effect.acquireRelease(
    perform((before) => [hideCursor, before]),
    () => perform((before) => [`\n${showCursor}`, before])
  )
  yield* Queue.take(sizes).pipe(
    Effect.flatMap((changed) => perform(resize(changed))),
    Effect.forever,
    // The terminal ends its sizes with its scope, which is also ours.
    Effect.ignore,
    Effect.forkScoped
  )
  return DemoScreen.of({
    isLive: true,
    say: (text) => perform(say(text.split("\n"))),
    draw: (picture) => perform((before) => frame({ ...before, picture }, []))
  })
})

/** A picture as high as the terminal would scroll, and could then not be drawn over. */
const fitted = (lines: ReadonlyArray<string>, { rows }: Terminal.Size): ReadonlyArray<string> => {
  const room = Math.max((rows || 24) - 1, 1)
  return lines.length <= room ? lines : [...lines.slice(0, room - 1), `... ${lines.length - room + 1} more lines`]
}
