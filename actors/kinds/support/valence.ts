import { createClosedTerms } from './closed-terms.ts'

/** Words of judgement. Of terms that begin at the same word the longest counts: "not helpful" is not "helpful". */
const JUDGEMENTS = createClosedTerms({
  praise: `excellent, brilliant, helpful, helped, solved, answered my question, that was it, works again, work now, it worked,
      worked, very happy, im happy, happy with,
    best, exactly what i needed, no complaint, awesome, fantastic, wonderful, amazing, great, good, nice, cool, lovely, perfect,
      well done, love it, quick,
    5 star, five star, 4 star, four star, 10 10, 👍, ⭐, 🌟, 👏, ❤, ❤️,
    五星, 好评, 解决了, 问题解决, 很清楚, 帮大忙, 太棒了, 正是我想, 修好了, 可以了, 非常满意, 很满意, 满意, 真好, 强多了, 很专业, 专业, 有用, 很好, 真棒, 厉害,
    不错, 好用, 赞, 连上了`,
  complaint: `worst, terrible, useless, awful, horrible, ridiculous, not acceptable, unacceptable, unhappy, not happy,
      disappointed, disappointing,
    didnt help, did not help, doesnt help, does not help, not helpful, not solved, not great, not good, hasnt helped,
      nothing worked, nothing helped, didnt answer, did not answer,
    1 star, one star, 2 star, two star, zero star, didnt solve, did not solve, not satisfied, dissatisfied, poor service,
      bad service, poor, bad, still not working,
    waste of time, rubbish, frustrated, frustrating, angry, complaint, complain, annoyed, annoying, wrong answer, no help,
      fed up, way too long, slow, no use,
    never again, joke of, 😡, 😠, 😤, 👎, 😭, 😞, 😕,
    差评, 失望, 没用, 不满意, 很不满意, 不满, 答非所问, 没有解决, 没解决, 没有帮助, 没帮助, 一星, 破服务, 白折腾, 体验很差, 不人性化, 太差, 很差, 垃圾, 没人理, 根本没, 生气, 投诉,
    还是不行, 真麻烦, 骗子, 无语, 太慢, 态度差, 不好, 不专业, 差, 慢, 气人, 白`,
})

/** Whether a judgement praises or complains; `undefined` where no known word says so. With words of both, it complains. */
export function valenceOf(text: string): 'praise' | 'complaint' | undefined {
  const found = JUDGEMENTS.in(text)
  if (found.includes('complaint')) return 'complaint'
  return found.includes('praise') ? 'praise' : undefined
}

/** What customers say of an answer that they got, whatever else they write. */
const VERDICTS = createClosedTerms({
  praise: `that helped, that was it, that solved, that worked, it worked, works again, working again, answered my question,
      exactly what i needed, problem solved,
    有用, 正是我想, 解决了, 修好了, 帮大忙`,
  complaint: `didnt help, did not help, doesnt help, not helpful, didnt solve, did not solve, not solved, hasnt helped,
      nothing helped, didnt answer, did not answer,
    没有解决, 没解决, 没有帮助, 没帮助, 没用, 答非所问, 没有回答, 没回答`,
})

/** What a message says of the answer before it: "that solved it", 没有解决我的问题. `undefined` where it says nothing of it. */
export function verdictOf(text: string): 'praise' | 'complaint' | undefined {
  const found = VERDICTS.in(text)
  return found.includes('complaint') ? 'complaint' : found.includes('praise') ? 'praise' : undefined
}
