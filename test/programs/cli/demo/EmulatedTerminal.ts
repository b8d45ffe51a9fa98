/**
 * A terminal for tests that understands the control sequences which DemoScreen writes, and nothing else: what a
 * person would see, whether the cursor shows, and each write.
 */
import { Effect, Layer, Queue, Stdio, Terminal } from "effect"

const controlSequence = "\u001B["
const tokens = /␛(?:\?25[lh]|2J|H|J|K|\d+A)|\n|[^␛\n]+/g

export const emulatedTerminal = Effect.fnUntraced(function*(options: { readonly isTerminal: boolean }) {
  const sizes = yield* Queue.unbounded<Terminal.Size>()
  yield* Queue.offer(sizes, { columns: 40, rows: 10 })
  const writes = yield* Queue.unbounded<string>()
  let lines: ReadonlyArray<string> = []
  let row = 0
  let column = 0
  let cursorIsShown = true

  const put = (text: string) => {
    lines = [...lines.slice(0, row), text, ...lines.slice(row + 1)]
  }
  const moveTo = (newRow: number, newColumn: number) => {
    row = newRow
    column = newColumn
  }
  const take = (token: string): void => {
    const line = lines[row] ?? ""
    if (token === "\n") return moveTo(row + 1, 0)
    if (token === "␛H") return moveTo(0, 0)
    if (token === "␛2J") return void (lines = [])
    if (token === "␛J") return void (lines = lines.slice(0, row))
    if (token === "␛K") return put(line.slice(0, column))
    if (token === "␛?25h" || token === "␛?25l") return void (cursorIsShown = token === "␛?25h")
    if (token.startsWith("␛")) return moveTo(row - Number.parseInt(token.slice(1), 10), column)
    put(line.slice(0, column) + token + line.slice(column + token.length))
    column += token.length
  }

  const terminal = Terminal.make({
    columns: Effect.succeed(40),
    rows: Effect.succeed(10),
    size: Effect.succeed(sizes),
    readInput: Effect.die("not read"),
    readLine: Effect.die("not read"),
    display: (text) =>
      Effect.suspend(() => {
        const found = text.replaceAll(controlSequence, "␛").match(tokens) ?? []
        if (found.join("").replaceAll("␛", controlSequence) !== text) {
          return Effect.die(`not understood: ${JSON.stringify(text)}`)
        }
        for (const token of found) take(token)
        return Queue.offer(writes, text)
      })
  })
  return {
    layer: Layer.merge(
      Layer.succeed(Terminal.Terminal, terminal),
      Stdio.layerTest({ stdoutIsTerminal: Effect.succeed(options.isTerminal) })
    ),
    writes,
    resize: (columns: number, rows: number) => Queue.offer(sizes, { columns, rows }),
    screen: () => lines,
    isCursorShown: () => cursorIsShown
  }
})
