import { foldHan } from '../core/fold-text.ts'

/** Code units of a text that are read; the rest is left out. */
export const WORDS_CHARACTERS_MAX = 2_000
/** Letters of the longest word that can be a keyword. */
const WORD_CHARACTERS_MAX = 32
/** Latin letters say little in two, Han characters much. */
const [LETTERS_MIN, HAN_MIN] = [3, 2]

const TOKEN = /#[\p{L}\p{M}\p{N}_]{2,32}#?|\p{Script=Han}+|(?:(?!\p{Script=Han})[\p{L}\p{M}\p{N}'’])+/gu
const HAN = /^\p{Script=Han}/u
const NO_WORDS = /https?:\/\/\S+|www\.\S+|@[\w.-]+/g
const POSSESSIVE = /['’]s?$/
const NUMBER = /^\d/
const SEGMENTER = new Intl.Segmenter('zh', { granularity: 'word' })

/** Words of nearly every text; those of contractions without the apostrophe. */
const COMMON = new Set(
  `
  a about after again all almost also always am an and another any anyone anything are aren't around as ask asked at away back be
  because been before being between both but by came can can't cannot come could couldn't day days did didn't do does doesn't doing
  don't done down during each either else even ever every everyone everything few first for from get gets getting give given go goes
  going gone got had hadn't half has hasn't have haven't having he her here hers him his how i'd i'll i'm i've if in into is isn't it
  it's its just keep kept know last least less let like little look looking lot lots made make makes making many may maybe me might mine
  more most much must my need never new next no nobody none nor not nothing now of off often on once one only onto or other our ours out
  over own people please put quite rather really right said same say says see seem seems seen she should shouldn't since so some someone
  something soon still such sure take taken taking tell than that that's the their theirs them then there there's these they they're
  thing things think this those though three through time times to today together told tomorrow too took try trying two under until up
  upon us use used using very want wanted was wasn't way we we're well went were weren't what what's when where which while who whole
  whom whose why will with within without won't would wouldn't year years yes yesterday yet you you're your yours yourself im ive dont
  doesnt didnt cant wont isnt thats lol omg etc via per ago able actually already although among anyway became become begin behind below
  best better bit certain despite enough especially finally former good great however instead later mean means myself itself perhaps
  pretty probably several sort somehow sometimes stuff towards usually whether worth yeah okay guys hey hello thanks thank

  我们 你们 他们 她们 它们 咱们 大家 自己 别人 人家 有人 这个 那个 这些 那些 这样 那样 这种 那种 这么 那么 这里 那里 这儿 那儿 这是 那是 什么 怎么 怎样 怎么样 为什么 哪里 哪个 哪些 多少 几个 一个 一些 一下 一点 一样 一直
  一起 一定 一般 一次 一种 一天 两个 三个 第一 每个 每天 各种 有点 有些 很多 许多 不少 所有 全部 其他 其它 另外 还有 还是 或者 以及 而且 并且 因为 所以 因此 如果 要是 虽然 但是 可是 不过 然而 然后 于是 只是 就是 也是
  都是 不是 是不是 没有 有没有 不能 不会 不要 不用 不想 不到 可以 能够 可能 应该 需要 必须 想要 觉得 感觉 认为 以为 知道 看到 听到 说话 告诉 开始 结束 已经 正在 刚刚 刚才 现在 今天 昨天 明天 今年 去年 时候 时间 之前 之后
  以前 以后 后来 最后 最近 终于 总是 经常 有时 从来 再也 真的 真是 确实 其实 当然 肯定 非常 特别 十分 比较 更加 越来越 几乎 完全 根本 简直 居然 竟然 果然 到底 究竟 进行 通过 对于 关于 根据 按照 由于 为了 除了 随着 作为
  成为 使用 具有 适合 出来 起来 下来 上来 过来 回来 出去 下去 上去 过去 回去 里面 外面 上面 下面 前面 后面 东西 事情 问题 情况 方面 地方 样子 请问 谢谢 哈哈 哈哈哈 呵呵 一遍 这次 那次 上次 下次 多次 本来 原来 直接 马上 立刻 好像
  似乎 只有 只要 只能 只好 不管 无论 甚至 尤其 包括 来说 的话 而已 罢了 不了 得了 行了 好了 算了 是的 好的 对的 那边 这边 身上 有的 别的 给我 让我 让人 我的 你的 他的 她的`
    .trim()
    .split(/\s+/),
)

/**
 * Calls `add` with each word of a text that may be a keyword, with repetitions: in lower case, traditional characters as simplified ones,
 * without stop words, numbers, addresses and names of accounts. A hashtag is one word and is added twice.
 */
export function eachWord(text: string, add: (word: string) => void): void {
  const start = text.length > WORDS_CHARACTERS_MAX ? text.slice(0, WORDS_CHARACTERS_MAX) : text
  const plain = foldHan(start.toWellFormed().normalize('NFKC')).toLowerCase().replace(NO_WORDS, ' ')
  const runs: string[] = []
  const addCandidate = (word: string, least: number): void => {
    if (word.length >= least && word.length <= WORD_CHARACTERS_MAX && !COMMON.has(word) && !NUMBER.test(word)) add(word)
  }
  for (const token of plain.match(TOKEN) ?? []) {
    if (token.startsWith('#')) {
      const tag = token.replaceAll('#', '')
      addCandidate(tag, HAN_MIN)
      addCandidate(tag, HAN_MIN)
    } else if (HAN.test(token)) runs.push(token)
    else addCandidate(token.replace(POSSESSIVE, ''), LETTERS_MIN)
  }
  if (runs.length === 0) return
  // One segmentation of all runs takes a third of the time of one for each run.
  for (const { segment } of SEGMENTER.segment(runs.join('\n'))) addCandidate(segment, HAN_MIN)
}
