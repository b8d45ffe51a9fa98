/** Faults of answers: they are not the server's, not complete, or late. */
import { answerStatus, answerWhole, closeExchange, resetExchange } from "./Exchange.ts"
import { type Fault, silentWatchMillis, takingRequests } from "./Fault.ts"
import { chunkedHead, statusText, wholeAnswer } from "./HttpBytes.ts"

const statuses: ReadonlyArray<readonly [number, string]> = [
  [400, "BadRequest"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "NotFound"],
  [409, "Conflict"],
  [410, "Expired"],
  [422, "Invalid"],
  [429, "TooManyRequests"],
  [500, "InternalError"],
  [502, "BadGateway"],
  [503, "ServiceUnavailable"],
  [504, "Timeout"]
]

const answering = ([status, reason]: readonly [number, string]): Fault =>
  takingRequests(`answers ${status}`, (exchange) => answerStatus(exchange, status, reason))

const askingForPatience = (status: number): Fault =>
  takingRequests(`answers ${status} with Retry-After`, (exchange, { dice, requests }) => {
    const seconds = dice.pick([1, 1, 5, 20, 90, 3_600])
    // What does not arrive asks for nothing.
    if (exchange.front.isOpen() && exchange.front.outlet.passage === "pass") requests.onRetryAfter(exchange, seconds)
    answerStatus(exchange, status, "TooManyRequests", { "retry-after": String(seconds) })
  })

const half = (body: string) => body.slice(0, Math.floor(body.length / 2))

export const answerFaults: ReadonlyArray<Fault> = [
  ...statuses.map(answering),
  askingForPatience(429),
  askingForPatience(503),
  takingRequests(
    "answers 200 with a page of HTML",
    (exchange) => answerWhole(exchange, 200, "<html><body>Please log in</body></html>", { "content-type": "text/html" })
  ),
  takingRequests("answers 200 with nothing", (exchange) => answerWhole(exchange, 200, "")),
  takingRequests(
    "answers 302 to a login",
    (exchange) => answerWhole(exchange, 302, "", { location: "https://127.0.0.1:1/login" })
  ),
  takingRequests(
    "answers 200 with a Status in place of what was asked",
    (exchange) => answerWhole(exchange, 200, statusText(200, "Success"))
  ),
  takingRequests("answers something that is not HTTP", (exchange) => {
    exchange.front.outlet.write(Buffer.from("SSH-2.0-OpenSSH_9.2\r\n"))
    closeExchange(exchange)
  }),
  takingRequests("closes without an answer", closeExchange),
  takingRequests("resets without an answer", resetExchange),
  takingRequests("never answers, and the connection stays", () => {}),
  takingRequests(
    "an answer breaks off",
    (exchange, { proxy }) =>
      proxy.backend.forward(exchange, ({ body, status }) => {
        exchange.front.outlet.write(Buffer.from(half(wholeAnswer(status, body).toString())))
        closeExchange(exchange)
      }),
    ({ verb }) => verb !== "watch"
  ),
  takingRequests(
    "an answer stops half way, and the connection stays",
    (exchange, { proxy }) =>
      proxy.backend.forward(
        exchange,
        ({ body, status }) => exchange.front.outlet.write(Buffer.from(half(wholeAnswer(status, body).toString())))
      ),
    ({ verb }) => verb !== "watch"
  ),
  takingRequests(
    "a list of half an object, in good order",
    (exchange, { proxy }) =>
      proxy.backend.forward(exchange, ({ body, status }) => answerWhole(exchange, status, half(body.toString()))),
    ({ verb }) => verb !== "watch"
  ),
  takingRequests(
    "only the head of an answer comes",
    ({ front }) => {
      front.outlet.write(Buffer.from(chunkedHead))
      front.isStuck = true
    },
    () => true,
    { patienceMillis: silentWatchMillis }
  ),
  takingRequests(
    "a write is done, and its answer is lost",
    (exchange, { proxy }) => proxy.backend.forward(exchange, () => resetExchange(exchange)),
    ({ verb }) => verb === "create" || verb === "patch"
  ),
  takingRequests("answers are slow", (exchange, { dice, proxy, time }) => {
    time.after(dice.between(1, dice.pick([1_000, 20_000, 45_000])), () => {
      if (exchange.front.isOpen() && exchange.front.exchange === exchange) proxy.backend.forward(exchange)
    })
  })
]
