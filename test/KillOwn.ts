/**
 * kill(2) for tests, of one process that they started. 0 and negative numbers mean process groups, the test runner's own
 * among them, and a pid that was not found must not become one of these.
 */
export const killOwn = (pid: number | undefined, signal: NodeJS.Signals): void => {
  if (pid === undefined || !Number.isSafeInteger(pid) || pid <= 1) throw new Error(`not a process of a test: ${pid}`)
  process.kill(pid, signal)
}
