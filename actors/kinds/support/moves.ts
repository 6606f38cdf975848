import { createClosedTerms } from './closed-terms.ts'
import { gratitudeOf, hasThanks, isDecline, isParting } from './gratitude.ts'
import { wordsOf } from './terms.ts'
import { hasSet, type HeardMessage } from './understood.ts'
import { valenceOf, verdictOf } from './valence.ts'

/**
 * What a customer's message moves the machine to do. `courtesy`: greets, parts, declines or agrees. All but `question` are replied to
 * without a search.
 */
export type Move = 'person' | 'complaint' | 'praise' | 'thanks' | 'courtesy' | 'question'

/** Messages of which every word is here are certain: they are replied to at once, without the task. */
const COURTESIES = createClosedTerms({
  courtesy: `hello, hi, hi there, hey, hey there, hello there, hiya, greetings, good day, good morning, good afternoon,
      good evening, good night,
    morning, bye, goodbye, bye bye, see you, see ya, see you later, see you soon, cya, later, take care, talk to you later, farewell,
    have a nice day, have a good day, have a great day, have a lovely day, have a nice weekend, have a great weekend,
      have a nice evening, nice day,
    how are you, how are you doing, how is it going, hows it going, nice to meet you, how are things, how are you today,
    are you a robot, are you a bot, are you human, are you a human, are you real, are you a real person, are you an ai,
      are you a person,
    who are you, what is your name, whats your name, tell me a joke, make me laugh,
    never mind, nevermind, nvm, forget it, leave it, dont bother, no need, no thanks, no, nope, no worries, yes, yep, haha,
    你好, 您好, 嗨, 哈喽, 在吗, 在么, 有人吗, 早, 早上好, 上午好, 下午好, 晚上好, 早安, 晚安, 再见, 拜拜, 回头见, 哈哈, 很高兴认识你,
    你是机器人吗, 你是不是机器人, 你是真人吗, 你是人吗, 你是谁, 你叫什么, 你叫什么名字, 讲个笑话, 👋, 😊,
    不用了, 不用, 算了, 不必了, 不需要了, 没事, 没事了, 是的, 不是, 祝你愉快`,
  thanks: `thank you, thanks, thank you for, thanks for, many thanks, thx, ty, ta, cheers, appreciated, much appreciated, much obliged,
    appreciate it, i appreciate it, 3q, 🙏, got it, ok, okay, alright, all right, fine, understood, sure,
    谢谢, 谢谢您, 感谢, 多谢, 谢了, 谢啦, 谢, 蟹蟹, 辛苦了, 麻烦你了, 知道了, 收到了, 收到, 明白了, 了解, 了解了, 好的, 好嘞, 好, 行, 嗯`,
  praise: `that helped, that solved it, that solved my problem, problem solved, solved, 5 star, five star, 10 10, excellent,
      brilliant, awesome,
    fantastic, wonderful, amazing, great service, great support, well done, love it, very helpful, perfect, great, super, cool,
      lovely, 👍, ⭐, 🌟, 👏, ❤,
    解决了, 问题解决了, 五星, 五星好评, 好评, 很满意, 非常满意, 满意, 太棒了, 真棒, 很好, 厉害, 很清楚, 帮大忙了, 赞`,
  filler: `a lot, that is all, thats all, for today, for now, quick answer, the quick answer, your quick answer, answer,
      the answer, so much, very much, much, so, very, you, again, all, and, my friend, mate, the help, your help, your time,
      help, anyway,
    for your help, for the help, for your time, for your patience, everyone, there, please, well, then,
    你, 您, 大家, 啦, 了, 啊, 哦, 呀, 哈, 吧, 呢, 非常, 太, 你的帮助, 您的帮助, 您的耐心解答, 真的`,
})

/** The replies name these words as those that call a person. */
const CALLS = createClosedTerms({
  person: `agent, human, a human, a person, a real person, real person, representative, operator, human agent, live agent,
    talk to a human, talk to a person, talk to an agent, speak to a human, speak to a person, speak to an agent,
    人工, 真人, 转人工, 人工客服, 转人工客服, 找人工, 找真人, 转客服`,
  filler: `i want to, i want, i would like to, id like to, can i, let me, please, now, an, the, give me, get me, 我要, 我想, 请, 帮我,
      吧, 谢谢, thanks`,
})

type PlainMove = Exclude<Move, 'question'>

/** Messages whose plain move is remembered: the machine asks for it in several guards of one decision. */
const REMEMBERED_MAX = 256
const remembered = new Map<string, PlainMove | undefined>()

/** The move of a message that consists of closed terms only; `undefined` for any other. */
export function plainMoveOf(text: string): PlainMove | undefined {
  if (remembered.has(text)) return remembered.get(text)
  if (remembered.size === REMEMBERED_MAX) remembered.clear()
  const move = findPlainMove(text)
  remembered.set(text, move)
  return move
}

function findPlainMove(text: string): PlainMove | undefined {
  if (CALLS.allOf(text)?.includes('person')) return 'person'
  const groups = COURTESIES.allOf(text)?.filter((group) => group !== 'filler') ?? []
  if (groups.length === 0) return undefined
  const polite = politeMoveOf(text)
  if (polite !== undefined) return polite
  return groups.includes('praise') ? 'praise' : groups.includes('thanks') && !isParting(text) ? 'thanks' : 'courtesy'
}

/** Words of thanks, and words that take them back, decide wherever they stand. */
function politeMoveOf(text: string): 'thanks' | 'courtesy' | 'complaint' | undefined {
  if (!hasThanks(text)) return isDecline(text) ? 'courtesy' : undefined
  const meaning = gratitudeOf(text)
  return meaning === 'thanks' ? 'thanks' : meaning === 'declines' ? 'courtesy' : 'complaint'
}

/** Small talk, and a question taken for a yes or no, that is less sure than this is looked up. */
const CHITCHAT_CONFIDENCE_MIN = 0.5
/** So is what seems to judge without a word that judges: "the left one is quieter than the right one". */
const JUDGEMENT_CONFIDENCE_MIN = 0.8
/** An agreement or refusal with as many words of its own says more than yes or no. */
const OWN_WORDS_MIN = 2

/**
 * The move of a message by what was understood. A message of which no act is known is a question.
 *
 * An act alone does not end a question: "cancel my order" is about an order where that was taught, and "the battery drains too fast" is a
 * fault that can be looked up. Where nothing was taught, the words of the message decide.
 */
export function moveOf({ text, understood }: HeardMessage): Move {
  if (understood === null || understood.act === null) return 'question'
  const { act, actConfidence, intents, version } = understood
  const isTaught = intents.length > 0
  const isAsked = /[?？]|[吗嗎]\s*$/.test(text)
  switch (act) {
    case 'handoff':
      return 'person'
    case 'feedback':
      return valenceOf(text) ?? politeMoveOf(text) ?? (isTaught || actConfidence < JUDGEMENT_CONFIDENCE_MIN ? 'question' : 'complaint')
    case 'chitchat': {
      const isSure = actConfidence >= CHITCHAT_CONFIDENCE_MIN
      if (!isSure && (isAsked || isTaught)) return 'question'
      return politeMoveOf(text) ?? (isSure ? 'courtesy' : 'question')
    }
    case 'cancel':
    case 'confirm':
    case 'deny': {
      if (isTaught) return 'question'
      const polite = politeMoveOf(text) ?? valenceOf(text)
      if (polite !== undefined) return polite
      // "可以退吗？" has the word for yes.
      if (isAsked && actConfidence < CHITCHAT_CONFIDENCE_MIN) return 'question'
      return !hasSet(version) && wordsOf(text).length >= OWN_WORDS_MIN ? 'question' : 'courtesy'
    }
    default:
      return isAsked ? 'question' : (saidBeside(text, isTaught) ?? 'question')
  }
}

/** "Thanks, I'll try somewhere else" and "that was it, works again" ask nothing, whatever the act. A complaint about a taught topic may. */
function saidBeside(text: string, isTaught: boolean): Move | undefined {
  const verdict = verdictOf(text)
  if (verdict === 'praise') return verdict
  return isTaught ? undefined : (politeMoveOf(text) ?? verdict)
}
