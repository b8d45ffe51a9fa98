/**
 * The lines of chrony.conf and ntp.conf that a user may pass through timemaster. They may name no file, program,
 * socket, device or user, and include nothing. Every line that is not on this list is refused, even if chronyd knows
 * it.
 */
import { isHost, isIpv4, isIpv6 } from "./ValuePattern.ts"

export type NtpProgram = "chronyd" | "ntpd"

type Check = (words: ReadonlyArray<string>) => boolean

const plainWord = /^[A-Za-z0-9.:_+-]{1,64}$/

/** Numbers, switches and names. No slash is allowed, so no path. */
const plainWords: Check = (words) => words.length <= 16 && words.every((word) => plainWord.test(word))

/** ntpd uses 127.127.T.U as the name of a clock on a local device. */
const isPeer = (name: string): boolean => isHost(name) && !name.startsWith("127.127.")

const address: Check = (words) => words.length === 1 && words.every((word) => isIpv4(word) || isIpv6(word))

const subnet: Check = (words) => words.every((word) => /^(?:all|[0-9a-fA-F.:]{1,45}(?:\/[0-9]{1,3})?)$/.test(word))

const sourceOptions: ReadonlySet<string> = new Set([
  ..."asymmetry auto_offline burst copy delay dpoll extfield filter iburst key lock maxdelay maxdelaydevratio".split(
    " "
  ),
  ..."maxdelayratio maxlockage maxpoll maxsamples maxsources mindelay minpoll minsamples minstratum mode".split(" "),
  ..."noselect nts ntsport offline offset poll polltarget port precision preempt prefer presend rate refid".split(" "),
  ..."require stratum tai true trust version width xleave".split(" ")
])

const optionNumber = /^[+-]?[0-9]{1,10}(?:\.[0-9]{0,10})?(?:[eE][+-]?[0-9]{1,2})?$/

/** What `ntp_options` may add to the line of a time source: known options and numbers. */
export const areSourceOptions: Check = (words) =>
  words.length <= 32 && words.every((word, index) =>
    sourceOptions.has(word) || optionNumber.test(word) ||
    // Names of reference clocks are at most four characters.
    (["lock", "refid"].includes(words[index - 1] ?? "") && /^[A-Za-z0-9]{1,4}$/.test(word))
  )

const source: Check = (words) => {
  const [name, ...options] = words[0] === "-4" || words[0] === "-6" ? words.slice(1) : words
  return name !== undefined && isPeer(name) && areSourceOptions(options)
}

const leapSecondZone: Check = (words) => words.length === 1 && words[0] === "right/UTC"

const directives = (names: string, check: Check): ReadonlyArray<readonly [string, Check]> =>
  names.split(" ").map((name) => [name, check])

const chronyDirectives: ReadonlyMap<string, Check> = new Map([
  ...directives("server pool peer", source),
  ...directives("allow deny cmdallow cmddeny", subnet),
  ...directives("bindaddress bindacqaddress bindcmdaddress", address),
  ...directives("leapsectz", leapSecondZone),
  ...directives("acquisitionport authselectmode clientloglimit cmdport cmdratelimit combinelimit", plainWords),
  ...directives("corrtimeratio dscp fallbackdrift initstepslew leapsecmode local lock_all logbanner", plainWords),
  ...directives("logchange makestep manual maxchange maxclockerror maxdistance maxdrift maxjitter", plainWords),
  ...directives("maxsamples maxslewrate maxupdateskew minsamples minsources noclientlog port ratelimit", plainWords),
  ...directives("reselectdist rtconutc rtcsync smoothtime stratumweight", plainWords)
])

const ntpDirectives: ReadonlyMap<string, Check> = new Map([
  ...directives("server pool peer", source),
  ...directives("broadcastdelay disable discard enable interface restrict tinker tos", plainWords)
])

const allowed: Readonly<Record<NtpProgram, ReadonlyMap<string, Check>>> = {
  chronyd: chronyDirectives,
  ntpd: ntpDirectives
}

/** Why `directive` with `words` is not allowed in the configuration of `program`; `undefined` if it is allowed. */
export const findDirectiveFault = (
  program: NtpProgram,
  directive: string,
  words: ReadonlyArray<string>
): string | undefined => {
  const check = allowed[program].get(directive.toLowerCase())
  if (check === undefined) {
    return "not allowed: only directives of the list that name no file, program, socket, device or user are passed on"
  }
  return check(words) ? undefined : "has a value that is not allowed: no paths, local devices or unknown options"
}

/** Command-line options of chronyd and ntpd: no files, users or time-outs. `-L` has a value in chronyd only. */
export const findNtpOptionFault = (program: NtpProgram, words: ReadonlyArray<string>): string | undefined => {
  for (const [index, word] of words.entries()) {
    if (/^-[x46dL]$/.test(word)) continue
    const isLevel = program === "chronyd" && (words[index - 1] === "-L" ? /^-?[0-3]$/ : /^-L-?[0-3]$/).test(word)
    if (!isLevel) return `${word.slice(0, 60)} is not allowed; only -x, -4, -6, -d and -L are`
  }
  return undefined
}

/** Whether `name` may follow `[ntp_server`. */
export const isNtpServer = isPeer
