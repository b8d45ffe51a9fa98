/**
 * The lines of chrony.conf (chrony 4.0 to 4.8) and ntp.conf that a user may pass through timemaster. They may name no
 * program, socket or user, no file but a list of leap seconds, and include nothing; addresses of the command port are
 * loopback. Every line that is not on this list is refused, even if chronyd knows it.
 */
import { didYouMeanText } from "../DidYouMean.ts"
import { isHost, isInterfaceName, isIpv4, isIpv6, isReadableFile } from "./ValuePattern.ts"

export type NtpProgram = "chronyd" | "ntpd"

type Check = (words: ReadonlyArray<string>) => boolean

const plainWord = /^[A-Za-z0-9.:_+-]{1,64}$/

/** Numbers, switches and names. No slash is allowed, so no path. */
const plainWords: Check = (words) => words.length <= 16 && words.every((word) => plainWord.test(word))

/** ntpd uses 127.127.T.U as the name of a clock on a local device. */
const isPeer = (name: string): boolean => isHost(name) && !name.startsWith("127.127.")

const isAddress = (word: string): boolean => isIpv4(word) || isIpv6(word)

const address: Check = (words) => words.length === 1 && words.every(isAddress)

const subnet: Check = (words) => words.every((word) => /^(?:all|[0-9a-fA-F.:]{1,45}(?:\/[0-9]{1,3})?)$/.test(word))

/**
 * chronyd's command port takes orders from whoever reaches it. chronyd reads a prefix as it stands, and a shortened
 * IPv4 network such as `127`.
 */
const isLoopbackNet = (word: string): boolean =>
  /^127(?:\.[0-9]{1,3}){0,3}(?:\/(?:[89]|[12][0-9]|3[0-2]))?$/.test(word) || /^::1(?:\/128)?$/.test(word)

const loopbackNets: Check = (words) => words.length === 1 && words.every(isLoopbackNet)

const loopbackAddress: Check = (words) => address(words) && loopbackNets(words)

const loopbackDevice: Check = (words) => words.length === 1 && words[0] === "lo"

const interfaceDevice: Check = (words) => words.length === 1 && words.every(isInterfaceName)

const leapSecondFile: Check = (words) => words.length === 1 && words.every(isReadableFile)

const sourceOptions: ReadonlySet<string> = new Set([
  ..."asymmetry auto_offline burst certset copy delay dpoll extfield filter iburst ipv4 ipv6 key local".split(" "),
  ..."lock maxdelay maxdelaydevratio maxdelayquant maxdelayratio maxdispersion maxlockage maxpoll".split(" "),
  ..."maxsamples maxsources maxunreach mindelay minpoll minsamples minstratum mode noselect nts ntsport".split(" "),
  ..."offline offset poll polltarget port pps precision preempt prefer presend rate refid require".split(" "),
  ..."stratum tai true trust ttl version width xleave".split(" ")
])

const optionNumber = /^[+-]?[0-9]{1,10}(?:\.[0-9]{0,10})?(?:[eE][+-]?[0-9]{1,2})?$/

/** What `ntp_options` may add to the line of a time source: known options and numbers. */
export const areSourceOptions: Check = (words) =>
  words.length <= 32 && words.every((word, index) =>
    sourceOptions.has(word.toLowerCase()) || optionNumber.test(word) ||
    // Names of reference clocks are at most four characters.
    (["lock", "refid"].includes(words[index - 1] ?? "") && /^[A-Za-z0-9]{1,4}$/.test(word))
  )

const source: Check = (words) => {
  const [name, ...options] = words[0] === "-4" || words[0] === "-6" ? words.slice(1) : words
  return name !== undefined && isPeer(name) && areSourceOptions(options)
}

/** Whether hardware stamps the packets of NTP too, and how. `*` is every NIC. */
const hardwareStamping: Check = ([name = "", ...words]) =>
  (name === "*" || isInterfaceName(name)) && words.length <= 16 &&
  words.every((word, index) =>
    /^(?:m(?:in|ax)(?:poll|samples)|precision|[rt]xcomp|nocrossts|rxfilter)$/i.test(word) || optionNumber.test(word) ||
    (words[index - 1]?.toLowerCase() === "rxfilter" && /^(?:none|all|ntp|ptp)$/i.test(word))
  )

/** Up to the highest priority that a profile may give its programs. */
const schedulingPriority: Check = ([word = "", ...rest]) =>
  rest.length === 0 && /^[0-9]{1,2}$/.test(word) && Number(word) <= 65

/** Groups and networks to send to or listen for, with numbers and the options of a source. */
const broadcast: Check = (words) => words.some(isAddress) && areSourceOptions(words.filter((word) => !isAddress(word)))

const leapSecondZone: Check = (words) => words.length === 1 && words[0] === "right/UTC"

const directives = (names: string, check: Check): ReadonlyArray<readonly [string, Check]> =>
  names.split(" ").map((name) => [name, check])

const chronyDirectives: ReadonlyMap<string, Check> = new Map([
  ...directives("server pool peer", source),
  ...directives("allow deny cmddeny", subnet),
  ...directives("bindaddress bindacqaddress", address),
  ...directives("bindacqdevice binddevice", interfaceDevice),
  ...directives("bindcmdaddress", loopbackAddress),
  ...directives("bindcmddevice", loopbackDevice),
  ...directives("cmdallow", loopbackNets),
  ...directives("broadcast", broadcast),
  ...directives("hwtimestamp", hardwareStamping),
  ...directives("leapsectz", leapSecondZone),
  ...directives("leapseclist", leapSecondFile),
  ...directives("sched_priority", schedulingPriority),
  ...directives("acquisitionport authselectmode clientloglimit clockprecision cmdport cmdratelimit", plainWords),
  ...directives("combinelimit corrtimeratio dscp dumponexit fallbackdrift hwtstimeout initstepslew", plainWords),
  ...directives("leapsecmode local lock_all logbanner logchange makestep manual maxchange", plainWords),
  ...directives("maxclockerror maxdistance maxdrift maxjitter maxntsconnections maxsamples maxslewrate", plainWords),
  ...directives("maxstratum maxtxbuffers maxupdateskew minsamples minsources minstratum", plainWords),
  ...directives("nocerttimecheck noclientlog nosystemcert ntsaeads ntsntpserver ntsport ntsprocesses", plainWords),
  ...directives("ntsratelimit ntsrefresh ntsrotate opencommands port ptpdomain ptpport ratelimit", plainWords),
  ...directives("refresh reselectdist rtcautotrim rtconutc rtcsync smoothtime stratumweight", plainWords)
])

const ntpDirectives: ReadonlyMap<string, Check> = new Map([
  ...directives("server pool peer", source),
  ...directives("broadcast manycastclient manycastserver multicastclient", broadcast),
  ...directives("leapfile", leapSecondFile),
  ...directives("broadcastclient broadcastdelay calldelay disable discard enable interface listen", plainWords),
  ...directives("mdnstries minpoll mru nic restrict rlimit tick tinker tos ttl unrestrict", plainWords)
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
    const meant = didYouMeanText(directive, allowed[program].keys())
    return `not allowed: only directives of the list that name no file, program, socket or user are passed on${meant}`
  }
  if (check(words)) return undefined
  return check === loopbackNets || check === loopbackAddress || check === loopbackDevice
    ? "has a value that is not allowed: the command port is for loopback only"
    : "has a value that is not allowed: no paths, local devices or unknown options"
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
