/**
 * A front for an API server without authorization. It refuses what deploy/02-rbac.yaml does not grant, as the RBAC
 * authorizer would, and records every request. It knows only the paths that a daemon uses.
 */
import { Effect, type Scope } from "effect"
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http"
import { type Grant, granted, inWords } from "./Grants.ts"
import type { AnsweredRequest } from "./RightsStory.ts"

export interface AuthorizingFront {
  readonly url: string
  /** Every request that was answered so far. */
  readonly requests: Effect.Effect<ReadonlyArray<AnsweredRequest>>
}

const path =
  /^\/(?:api|apis\/(?<apiGroup>[^/]+))\/[^/]+(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<resource>[^/]+)(?:\/(?<name>[^/]+)(?:\/(?<subresource>[^/]+))?)?$/

const writes: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" }

/** What a request asks for, as the authorizer would be asked (Kubernetes documentation, "Determine the request verb"). */
const askedBy = ({ method = "", url = "" }: IncomingMessage): Grant => {
  const { pathname, searchParams } = new URL(url, "http://front")
  const { apiGroup = "", name, namespace = "", resource = "", subresource = "" } = path.exec(pathname)?.groups ?? {}
  const read = name !== undefined ? "get" : searchParams.has("watch") ? "watch" : "list"
  return { verb: writes[method] ?? read, apiGroup, resource, subresource, namespace }
}

const isGranted = (asked: Grant) => granted.some((grant) => inWords(grant) === inWords(asked))

const refuse = (asked: Grant, response: ServerResponse) => {
  const message = `the daemon may not ${inWords(asked)}`
  response.writeHead(403, { "content-type": "application/json" })
  response.end(
    JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code: 403, reason: "Forbidden", message })
  )
}

/** Hands a request on and its answer back, as it comes. */
const handOn = (server: string, from: IncomingMessage, to: ServerResponse, answered: (code: number) => void) => {
  const { headers, method, url = "" } = from
  const onward = httpRequest(`${server}${url}`, { method, headers, agent: false }, (answer) => {
    answered(answer.statusCode ?? 0)
    to.writeHead(answer.statusCode ?? 0, answer.headers)
    to.flushHeaders()
    answer.on("error", () => to.destroy()).pipe(to)
  })
  to.once("close", () => onward.destroy())
  from.pipe(onward.on("error", () => to.destroy()))
}

/** Listens on loopback before `server` until the scope ends. */
export const startAuthorizingFront = (server: string): Effect.Effect<AuthorizingFront, never, Scope.Scope> =>
  Effect.gen(function*() {
    const answered: Array<AnsweredRequest> = []
    const front = createServer((from, to) => {
      const asked = askedBy(from)
      if (isGranted(asked)) return handOn(server, from, to, (code) => void answered.push({ ...asked, code }))
      answered.push({ ...asked, code: 403 })
      refuse(asked, to)
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void front.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.callback<void>((resume) => {
          front.close(() => resume(Effect.void))
          front.closeAllConnections()
        })
    )
    const address = front.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    return { url: `http://127.0.0.1:${port}`, requests: Effect.sync(() => [...answered]) }
  })
