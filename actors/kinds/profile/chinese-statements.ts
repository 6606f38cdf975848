import type { About } from '../../../schemas/profile-events.ts'
import { foldHan } from '../../core/fold-text.ts'
import { type ClauseReader, denied, each, eatsAgain, firstOf, type Rule, type Said, said, withdrawn } from './statement.ts'

/** Words before a statement that say nothing. */
const LEAD =
  '^(?:请|你好|您好|你们|你|您|以后|今后|就|可以|麻烦|能不能|可不可以|能|直接|都|大家|朋友们?|对了|哦|嗯|那|其实|还有|另外|顺便说一下|因为|但是?|而且|不过'
  + '|上个?月|上周|上星期|去年|今年|前年|最近|刚刚?|昨天|今天|[\\s,，:：]){0,8}'
/** The subject, with words of degree and time that change nothing. */
const VERY = '(?:真的|很|最|特别|非常|比较|一直|超级?|更|还|也|都|平时|从来|从小|现在|目前|已经|是|早就|一点都?|就|又|其实|有点){0,6}'
const I = `我${VERY}`
const NAME = '([\\p{L}\\p{M}·. ]{1,16}?)'
const NAME_END = '(?:就行了?|就好了?|就可以了?|即可|好了|吧|了|谢谢|可以吗|行吗|好吗|吗)*$'
const NO_NAME =
  /^(?:一下|一声|起床|来|去|等|的|了|过|怎|车|外卖|醒|不|你|他|她|它|什|谁|人|这|那|几|多|回|出|上|下|赶|快递|名字|又|再|客服|帮|给|找)/u
const NO_THING = /^(?:这|那|你|您|它|他|她|的|吗|呢|等|被|和你|跟你|我|上|了|到|么)/u
const NO_PLACE = /^(?:这|那|你|您|哪|的|院|宾馆|酒店|了|不|学校|公司|家)/u

const LANGUAGES: Readonly<Record<string, string>> = {
  中文: 'zh',
  汉语: 'zh',
  普通话: 'zh',
  国语: 'zh',
  英文: 'en',
  英语: 'en',
  德语: 'de',
  法语: 'fr',
  西班牙语: 'es',
  日语: 'ja',
  日文: 'ja',
  韩语: 'ko',
  俄语: 'ru',
}
const LANGUAGE = `(${Object.keys(LANGUAGES).join('|')})`
const WORK =
  '(老师|教师|护士|医生|程序员|工程师|学生|律师|司机|会计|厨师|设计师|销售|记者|公务员|警察|翻译|作家|摄影师|建筑师|牙医|药剂师|消防员|服务员|顾问|经理|农民|教授|退休人员)'
/** Words that deny, with what softens them. */
const NOT = '(?:不再?|没有?|从不|从没有?|并不|并没有?)(?:再|有|会|是)?'
const FAINT = '(?:已经|现在|早就|都|全|也|其实|根本|完全|并|从来)*'
const ABOUTS: readonly (readonly [string, About])[] = [
  ['名字', 'name'],
  ['称呼', 'name'],
  ['语言', 'language'],
  ['过敏', 'allergy'],
  ['饮食', 'diet'],
  ['忌口', 'diet'],
  ['住址', 'home'],
  ['地址', 'home'],
  ['职业', 'work'],
  ['工作', 'work'],
]

const pattern = (source: string): RegExp => new RegExp(LEAD + source, 'u')

const nameIn = (text: string | undefined): string | undefined => {
  const name = (text ?? '').trim()
  return name === '' || NO_NAME.test(name) ? undefined : name
}

/** What is liked: a few characters. */
function thingIn(text: string | undefined): string | undefined {
  const thing = (text ?? '')
    .replace(/(?:，.*|因为.*|的时候.*|谢谢.*)$/u, '')
    .replace(/(?:了|呢|啊|哦|吧|呀|[\s。！!])+$/u, '')
    .trim()
  return thing === '' || [...thing].length > 12 || NO_THING.test(thing) ? undefined : thing
}

/** The things of a list: what is eaten or refused. */
const thingsIn = (text: string | undefined): (string | undefined)[] =>
  (text ?? '')
    .replace(/(?:都|全|也)+$/u, '')
    .split(/、|以及|或者|还有|和(?!牛(?!肉)|果子)|[跟与及或]/u)
    .map(thingIn)
const isDenied = (thing: string): boolean => /[不没]/u.test(thing)
const allergies = ([things]: readonly string[]): readonly Said[] | undefined =>
  isDenied(things ?? '') ? undefined : each(thingsIn(things), (value) => ({ is: 'said', about: 'allergy', value }))
const noAllergies = ([things]: readonly string[]): readonly Said[] | undefined =>
  each(thingsIn(things), (value) => withdrawn('allergy', value))
const refusals = ([things]: readonly string[]): readonly Said[] | undefined =>
  each(thingsIn(things), (value) => ({ is: 'said', about: 'refuses', value }))
const noHome = ([place]: readonly string[]): readonly Said[] | undefined => each([placeIn(place)], (value) => withdrawn('home', value))

const placeIn = (text: string | undefined): string | undefined => {
  const place = (text ?? '').replace(/(?:了|呢|啊|这边|[\s。！!])+$/u, '').trim()
  return place === '' || [...place].length > 12 || NO_PLACE.test(place) ? undefined : place
}

const language = ([name = '']: readonly string[]): Said | undefined => said('language', LANGUAGES[name])
const dietOf = (text: string): string =>
  /吃素|吃斋/u.test(text) ? '吃素' : /清真/u.test(text) ? '清真' : /^纯素$/u.test(text) ? '纯素' : '素食'
const DIET = '(吃素|吃斋|(?:纯|全)?素食(?:主义)?者?|纯素|吃清真|清真)'

const RULES: readonly Rule[] = [
  [pattern('(?:把|帮我|请)*(?:关于我|我)?.{0,8}?(?:一切|所有|全部).{0,8}?(?:忘|删)'), () => withdrawn(null)],
  [pattern('(?:帮我|把)*(?:忘掉|忘了|忘记|删掉|删除|别记|不要记).{0,6}(?:一切|所有|全部)'), () => withdrawn(null)],
  [pattern('(?:把|帮我)*我的?(?:个人)?(?:资料|信息|数据)(?:全|都|给)*(?:忘|删|清)'), () => withdrawn(null)],
  [
    pattern('(?:帮我|把)*(?:忘掉|忘了|忘记|删掉|删除|别记|不要记)我的?(名字|称呼|语言|过敏|饮食|忌口|住址|地址|职业|工作)'),
    ([what = '']) => ABOUTS.flatMap(([word, about]) => (what === word ? [withdrawn(about)] : [])),
  ],
  [
    pattern('(?:帮我|把)*(?:忘掉|忘了|忘记|删掉|别记|不要记)(?:我说过?的?)?(我.+?)(?:这件事|的事|这回事|吧|了)*$'),
    ([rest = '']) => taken(rest),
  ],
  [pattern('我(?:可|从来|从)?没(?:有)?说过?(我.+)$'), ([rest = '']) => taken(rest)],
  [
    pattern(
      `(?:别|不要|不许|不用|请勿)再?(?:(?:这么|这样|那么|那样)(?:叫|称呼|喊)我|(?:叫|称呼|喊)我(?:为|做)?(?:(这个|那个|这个名字|那个名字)|${NAME})?)(?:了|吧)*$`,
    ),
    ([that = '', name = '']) => withdrawn('name', that === '' && name !== '' ? name : null),
  ],
  [pattern('(?:那|这)不是我的?名字'), () => withdrawn('name')],
  [pattern(`${I}(?:${NOT}|放弃|戒)(?:是)?${DIET}(?:的)?(?:了)?$`), ([diet = '']) => withdrawn('diet', dietOf(diet))],
  [pattern(`不是${DIET}(?:的)?$`), ([diet = '']) => withdrawn('diet', dietOf(diet))],
  [pattern(`${I}(?:(?:对)?什么(?:东西)?都|${NOT}(?:对)?任何(?:东西)?)(?:不会?|没有?)?过敏`), () => withdrawn('allergy')],
  [pattern(`${I}?对(.+?)${FAINT}${NOT}过敏`), noAllergies],
  [pattern(`${I}${NOT}对?(.+?)过敏(?:史|症)?(?:了)?$`), noAllergies],
  [pattern(`我的?(.{1,8}?)过敏(?:症)?(?:已经|现在|都|早就|终于)*(?:治?好了|没了|没有了|消失了)`), noAllergies],
  [pattern(`${I}${NOT}(?:住在|住|家在)(.+)$`), noHome],
  [pattern(`${I}${NOT}在(.+?)(?:居?住|定居)(?:了)?$`), noHome],
  [pattern(`我(?:已经|最近|刚刚?|早就)*从(.+?)(?:搬走|搬家|搬出来|搬离)`), noHome],
  [pattern(`我(?:已经|最近|刚刚?|早就)*(?:离开|搬离)(.+?)了$`), noHome],
  [pattern(`${I}(?:又|重新|再次|开始|可以|能|恢复)*(?:吃|喝)(.+?)了$`), ([food = '']) => again(food)],
  [pattern(`${I}${NOT}(?:那么|这么)?(?:讨厌|反感)(.+)$`), ([things]) => each(thingsIn(things), (value) => withdrawn('refuses', value))],
  [
    pattern(`我(?:的名字)?(?:不再?叫|不是叫|的名字不是|不再叫做)${NAME}${NAME_END}`),
    ([name]) => each([nameIn(name)], (value) => withdrawn('name', value)),
  ],
  [
    pattern(
      `(?:别|不要|不用|不必|停止)(?:再)?(?:跟我|和我|对我)?(?:用|说|讲)${LANGUAGE}(?:来)?(?:回答|回复|回|写|说|交流|沟通|聊)?(?:我)?(?:了|吧)*$`,
    ),
    ([name = '']) => each([LANGUAGES[name]], (value) => withdrawn('language', value)),
  ],
  [pattern(`${I}(?:不再?(?=.+了$)|不再|不(?=是))(.+?)了?$`), ([rest = '']) => noLonger(rest)],

  [pattern(`(?:叫|称呼|喊|管)我(?:为|做|作|叫)?${NAME}${NAME_END}`), ([name]) => said('name', nameIn(name))],
  [pattern(`我(?:的名字叫?|是叫|叫做?|名叫|名字叫)是?${NAME}$`), ([name]) => said('name', nameIn(name))],

  [pattern('(?:别|不要|不用)(?:再)?(?:用|说|叫)?您'), () => said('form', 'informal')],
  [pattern('(?:不用|不必|别)(?:对我)?(?:这么|那么|太)?客气'), () => said('form', 'informal')],
  [pattern('(?:(?:说话|语气|用词)?(?:更|再)?正式一?[点些]|用(?:敬语|尊称|您))'), () => said('form', 'formal')],

  [
    pattern(
      `(?:都|改|跟我|和我)*(?:用|说|讲|换成|改成|切换(?:到|成)?)${LANGUAGE}(?:来)?(?:回答|回复|回|写|说|交流|沟通|聊)?(?:我)?(?:就行|可以|好|行)?(?:吧|吗)*$`,
    ),
    language,
  ],
  [pattern(`我(?:只会|只懂|只能|更?喜欢|习惯|想|希望)(?:用|说|讲|看)?${LANGUAGE}(?:交流|沟通)?$`), language],

  [pattern(`${I}(?:只)?${DIET}(?:的)?$`), ([diet = '']) => said('diet', dietOf(diet))],
  [pattern(`${I}?对(.+?)(?:都|全|严重|有点|特别)*过敏`), allergies],
  [pattern('我(?:有)?([^不没对]{1,12}?)(?:都|严重)?过敏'), allergies],
  [pattern(`${I}(?:不太?(?:喜欢|爱|吃|喝|能吃|能喝)|讨厌|受不了)(?:吃|喝|看|听|玩)?(.+)$`), refusals],
  [pattern(`我${VERY}(?:喜欢|爱)的[^是]{1,6}是(.+)$`), ([thing]) => said('likes', thingIn(thing))],
  [pattern(`${I}(?:喜欢(?:吃|喝|看|听|玩)?|爱(?:吃|喝|看|听|玩)|热爱|偏爱)(.+)$`), ([thing]) => said('likes', thingIn(thing))],

  [pattern(`${I}(?:住在|家在|住到|搬到了?|搬去了?|定居在)(.+)$`), ([place]) => said('home', placeIn(place))],
  [pattern(`${I}(?:在.{1,10}?(?=[做当是]))?(?:做|当|是)?(?:一?[名个位])?${WORK}$`), ([work]) => said('work', work)],
]

/**
 * What holds no longer ("不再…", "不…了"): what the same words say without that. "我不吃香菜" says what is refused, and is read as that.
 */
function noLonger(rest: string): readonly Said[] | undefined {
  return denied(firstOf(RULES, `我${rest.replace(/^住(?!在)/u, '住在')}`))
}

/** What is eaten or drunk now, or again. "吃完了" and "吃饱了" say nothing. */
function again(food: string): readonly Said[] | undefined {
  if (/^(?:完|饱|过|好|光|不|早饭|午饭|晚饭|饭|药|你|这|那|个|一|两|几|点)/u.test(food)) return undefined
  const kind = /肉|鸡|鸭|牛排|荤/u.test(food) ? 'meat' : /鱼|海鲜|虾|蟹/u.test(food) ? 'fish' : undefined
  return thingsIn(food).flatMap((thing) => (thing === undefined ? [] : eatsAgain(thing, kind)))
}

/** What is withdrawn by words that say it; without a statement in them, what they name. */
function taken(rest: string): readonly Said[] {
  return denied(firstOf(RULES, rest.replace(/(?:这件事|的事|这回事)$/u, ''))) ?? [withdrawn(null, rest.slice(1))]
}

/** The clauses of a Chinese text. */
export const chineseClauses = (text: string): string[] =>
  text.split(/(?<=[？?])|[。！!；;\n，,]/u).flatMap((clause) => (clause.trim() === '' ? [] : [clause.trim()]))

/** A question that asks for a form of address or a language says so; any other says nothing. */
const ASKS = /^(?:请|你|您|能不能|可不可以|可以|能|麻烦)+.*(?:叫|称呼|喊|说|讲|用)/u
const IS_QUESTION = /[？?]$|[吗呢]$|什么(?!(?:东西)?都)|谁|哪/u

/** Reads a Chinese clause, in simplified or traditional characters. Values are as they are written. */
export const readChinese: ClauseReader = (clause) => {
  const folded = foldHan(clause)
  const asked = folded.replace(/[\s？?]+$/u, '')
  if (IS_QUESTION.test(folded) && !ASKS.test(asked)) return []
  return firstOf(RULES, asked).map((one) => ({ ...one, value: one.value === null ? null : asWritten(one.value, folded, clause) }))
}

/** Folding keeps the places of characters. */
function asWritten(value: string, folded: string, clause: string): string {
  const at = folded.indexOf(value)
  return at < 0 || folded.length !== clause.length ? value : clause.slice(at, at + value.length)
}

/** Whether a text may say something of its author that no rule reads. */
export const mayTellChinese = (text: string): boolean =>
  !/[？?]|吗/u.test(text)
  && /我(?:平时|一般|经常|总是|从不|习惯|有[一两二三个]|家|的?(?:女儿|儿子|老公|老婆|先生|太太|孩子|妈|爸|生日|爱好|狗|猫))/u.test(
    foldHan(text),
  )
