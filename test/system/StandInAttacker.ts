/**
 * Clients that want to harm a server, as a program of its own: `MODE SECONDS PORT PORT`. It opens 10,000 connections to
 * both ports within a second or two, and then 1,000 a second as the server ends them.
 */
import { connect, type Socket } from "node:net"

const [mode = "", seconds, ...ports] = process.argv.slice(2)
const most = 10_000

const head = "GET /metrics HTTP/1.1\r\nHost: node\r\n"
const fields = Array.from({ length: 15 }, (_, index) => `X-${index}: ${"a".repeat(1000)}\r\n`).join("")
const garbage = Buffer.from(Array.from({ length: 16_384 }, (_, index) => (index * 197 + 22) % 256))

const modes: Readonly<Record<string, (socket: Socket) => void>> = {
  idle: () => {},
  header: (socket) => socket.write(head + fields),
  slow: (socket) => {
    socket.write(`${head}X: `)
    const drip = setInterval(() => socket.write("a"), 500)
    socket.on("close", () => clearInterval(drip))
  },
  unread: (socket) => socket.pause().write(`${head}\r\n`),
  pipeline: (socket) => socket.pause().write(`${head}\r\n`.repeat(5000)),
  body: (socket) => {
    socket.write(`${head.replace("GET", "POST")}Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n`)
    const more = () => void (socket.writable && socket.write(`4000\r\n${"b".repeat(16_384)}\r\n`, more))
    more()
  },
  garbage: (socket) => socket.write(garbage),
  line: (socket) => socket.resume().write(`GET /${"a".repeat(4000)} X\r\n\r\n`),
  ask: (socket) => socket.resume().write(`${head}\r\n`),
  halfClosed: (socket) => socket.end("GET")
}

let open = 0
const attack = modes[mode]
if (attack === undefined) throw new Error(`mode is one of ${Object.keys(modes).join(", ")}`)

const begin = () => {
  open += 1
  const socket = connect({ port: Number(ports[open % 2]), host: `127.${1 + open % 3}.0.1` })
  socket.on("connect", () => attack(socket)).on("error", () => {})
  socket.on("close", () => void (open -= 1))
}

let begun = 0
const fill = () => {
  const burst = Math.min(begun < most ? 200 : 20, most - open)
  for (let started = 0; started < burst; started += 1) begin()
  begun += burst
  setTimeout(fill, 20)
}
fill()
setTimeout(() => process.exit(0), Number(seconds) * 1000)
