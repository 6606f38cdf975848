import type { ColloquyError } from '../../schemas/errors.ts'
import { cosine } from '../embedding/cosine.ts'
import type { LocalEmbedder } from '../embedding/embedder.ts'

/** What the cosines of a model mean in one language. */
export interface CosineScale {
  /** Two standard deviations above the mean cosine of a question and a passage that have nothing in common. */
  readonly unrelated: number
  /** Two standard deviations above the mean cosine of a question and a passage that answers it. */
  readonly related: number
  /** Whether the model tells both apart. False for a model that does not know the language. */
  readonly isKnown: boolean
}

/** The scale for a question; `undefined` where the model could not be measured. */
export type CosineScales = (question: string) => CosineScale | undefined

/** How related a question and a text with this cosine are, 0 to 1, whatever the range of the model's cosines. */
export const relatednessBy =
  ({ unrelated, related }: CosineScale) =>
  (cosine: number): number =>
    Math.min(1, Math.max(0, (cosine - unrelated) / (related - unrelated)))

/** Questions, each with a passage that answers it and has few of its words. None has anything in common with another one. */
const EXAMPLES = {
  en: [
    [
      'How long do I have to send something back?',
      'You may return unused goods within thirty days. We refund the price once the parcel has arrived.',
    ],
    ['Which river flows through Vienna?', 'Vienna lies on the Danube, at the eastern edge of the Alps, and is the capital of Austria.'],
    [
      'my password does not work anymore',
      'If you cannot sign in, choose “Forgot password” and follow the link in the e-mail to set a new one.',
    ],
    [
      'What do bees eat in winter?',
      'During the cold months a colony lives on the honey that it stored in summer and keeps warm in a cluster.',
    ],
    ['How is the log level changed?', 'Set the option level to debug, info, warn or error. Messages below that level are not written.'],
    [
      'Who painted the ceiling of the Sistine Chapel?',
      'Between 1508 and 1512 Michelangelo covered the vault with frescoes for Pope Julius II.',
    ],
    ['Can I pay in instalments?', 'Orders above 200 euros can be paid in three monthly rates without interest.'],
    [
      'When did the team win its first title?',
      'The club became champion for the first time in 1964, after a two to one victory in the final.',
    ],
    [
      'the screen stays black after the update',
      'Hold the power button for ten seconds to restart the device if nothing is shown after new firmware.',
    ],
    ['What causes the tides?', 'The gravity of the moon, and to a lesser degree that of the sun, raises and lowers the sea twice a day.'],
    ['Do you deliver on Saturdays?', 'Couriers bring parcels from Monday to Saturday between eight and eighteen o’clock.'],
    ['How many people speak Welsh?', 'According to the last census about 560,000 residents of Wales use the language.'],
    [
      'How do I limit the size of the cache?',
      'The parameter max bounds the number of entries; the least recently used one is removed first.',
    ],
    [
      'Why was the treaty of 1713 important?',
      'The Peace of Utrecht ended the war over the Spanish succession and changed the balance of power.',
    ],
    ['Is the jacket waterproof?', 'The coat keeps rain out up to a water column of 10,000 millimetres; the seams are taped.'],
    ['Where can I see my invoices?', 'Bills of the last ten years are in your account under Documents, as PDF files.'],
  ],
  zh: [
    ['买了以后多久可以退？', '未使用的商品三十天内可以退货，包裹寄到后我们退还货款。'],
    ['哪条河流经武汉？', '武汉位于长江与汉江的交汇处，是湖北省的省会。'],
    ['密码登不上去了', '如果无法登录，请点击“忘记密码”，按照邮件中的链接重新设置。'],
    ['蜜蜂冬天吃什么？', '寒冷的月份里，蜂群靠夏天储存的蜂蜜过冬，并聚成一团保持温暖。'],
    ['怎么修改日志级别？', '把参数设为调试、信息、警告或错误，低于该级别的消息不会写入。'],
    ['西斯廷教堂的天顶画是谁画的？', '1508年至1512年，米开朗基罗为教皇儒略二世在该教堂的拱顶绘制了壁画。'],
    ['可以分期付款吗？', '订单满两千元可以免息分三个月支付。'],
    ['球队什么时候第一次夺冠？', '1964年，俱乐部在决赛中以二比一获胜，首次获得联赛冠军。'],
    ['更新之后屏幕一直是黑的', '安装新固件后如果没有显示，请长按电源键十秒重新启动设备。'],
    ['潮汐是怎么形成的？', '月球的引力以及较弱的太阳引力，使海水每天两次上涨和退落。'],
    ['星期六送货吗？', '快递员周一至周六早上八点到下午六点派送包裹。'],
    ['有多少人说藏语？', '根据最近的统计，使用这种语言的人口约有六百万。'],
    ['缓存的大小怎么限制？', '条目的最大数量由上限参数决定，最久未使用的会先被删除。'],
    ['1713年的条约为什么重要？', '乌得勒支和约结束了西班牙王位继承战争，改变了欧洲的力量平衡。'],
    ['这件外套防水吗？', '面料可以承受一万毫米水柱的雨水，接缝处贴有胶条。'],
    ['在哪里可以看到发票？', '最近十年的账单以PDF文件保存在您的账户的文档栏目里。'],
  ],
} as const

/** Min share of questions whose own passage is nearest. English models have up to 0.31 on the Chinese examples, 0.94 to 1 on theirs. */
const NEAREST_MIN = 0.7
const HAN = /\p{Script=Han}/u

/**
 * Measures what the cosines of a model mean, by examples: models differ in the range of their cosines, and the same 0.7 is unrelated with
 * one and an answer with another. A question with Chinese characters gets the scale of Chinese, any other that of English. Takes as long
 * as embedding 64 sentences. The scale is `undefined` if the model fails on one of the passages.
 *
 * @throws ColloquyError `embedder_closed`
 */
export async function measureCosineScales(embedder: Pick<LocalEmbedder, 'embedEach'>): Promise<CosineScales> {
  const [en, zh] = await Promise.all([measure(embedder, EXAMPLES.en), measure(embedder, EXAMPLES.zh)])
  return (question) => (HAN.test(question) ? zh : en)
}

async function measure(
  { embedEach }: Pick<LocalEmbedder, 'embedEach'>,
  examples: readonly (readonly [string, string])[],
): Promise<CosineScale | undefined> {
  const [questions, passages] = await Promise.all([
    embedEach(
      examples.map(([question]) => question),
      'query',
    ),
    embedEach(
      examples.map(([, passage]) => passage),
      'passage',
    ),
  ])
  const others: number[] = []
  const answers: number[] = []
  let nearest = 0
  for (const [index, question] of questions.entries()) {
    const cosines = passages.map((passage) => cosineOf(question, passage))
    const answer = cosines[index] ?? NaN
    if (!cosines.every(Number.isFinite)) continue
    answers.push(answer)
    others.push(...cosines.filter((_, other) => other !== index))
    if (cosines.every((cosine) => cosine <= answer)) nearest += 1
  }
  if (answers.length < 2) return undefined
  const [answer, other] = [spreadOf(answers), spreadOf(others)]
  const [unrelated, related] = [other.mean + 2 * other.deviation, answer.mean + 2 * answer.deviation]
  return { unrelated, related, isKnown: nearest >= NEAREST_MIN * answers.length && related > unrelated }
}

const cosineOf = (one: Float32Array | ColloquyError, other: Float32Array | ColloquyError): number =>
  one instanceof Float32Array && other instanceof Float32Array ? cosine(one, other) : NaN

function spreadOf(values: readonly number[]): { readonly mean: number; readonly deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) }
}
