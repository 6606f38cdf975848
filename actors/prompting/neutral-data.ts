import { type FoldedText, foldLookAlikes } from './look-alikes.ts'

/** Characters that nobody sees, by which a text can hide words or change their order: control and format characters, and tags. */
const INVISIBLE = new RegExp(
  [
    String.raw`[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f`,
    String.raw`\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb`,
    String.raw`\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]`,
  ].join(''),
  'gu',
)
/** Joiners are part of emoji and of Arabic and Indic writing; elsewhere they only hide. */
const JOINED = [
  String.raw`\p{Extended_Pictographic}\p{Emoji_Modifier}`,
  ...['Arabic', 'Devanagari', 'Bengali', 'Malayalam', 'Sinhala', 'Kannada'].map((script) => String.raw`\p{Script=${script}}`),
].join('')
const HIDING_JOINER = new RegExp(String.raw`(?<![${JOINED}\ufe0f\p{Mn}])[\u200c\u200d]|(?<![\p{Emoji}\u20e3])\ufe0f`, 'gu')
const LINE_ENDS = /\r\n?|[\u0085\u2028\u2029\v\f]/g
/** More of them only push what follows out of sight. */
const MANY_LINES = /\n(?:[^\S\n]*\n){2,}/g
const MANY_BLANKS = /[^\S\n]{17,}/g

const ROLE_EN =
  'system|assistant|user|human|ai|bot|chatbot|developer|instructions?|prompt|tool|function|model|admin|administrator|root|operator'
  + '|supervisor|response|input|output|observation|thought|action|gpt|chatgpt|claude|llm|agent|ipython|context'
const ROLE_ZH =
  '系统|系統|助手|助理|用户|用戶|使用者|人类|人類|开发者|開發者|开发人员|管理员|管理員|指令|指示|机器人|機器人|模型|工具|函数|函數|提示词|提示|客服|回答|回复|输出|输入'
/** A name of a side of a conversation, with words that often stand around it. */
const ROLE = [
  '(?:',
  String.raw`(?:(?:new|end|begin|start|the|real|updated?|important|internal)[ \t_-]+){0,2}(?:${ROLE_EN})`,
  String.raw`(?:[ \t_-]+(?:prompt|message|note|notice|override|instructions?|update|turn|results?|output|call|response|reply|mode`,
  '|only|admin|role)){0,2}',
  `|(?:新的?|真正的?|最新|最高|结束|开始)?(?:${ROLE_ZH})(?:提示词?|消息|指令|信息|通知|指示|管理员|覆盖|更新|回复|结果|输出|返回|模式|说明){0,2}`,
  ')',
].join('')
/** Words in square brackets that are special to some model. */
const TOKENS = '/?inst|sys|gmask|[se]op|(?:available_)?tools|tool_(?:calls|results)'

/** What a marker is found by in a folded text, and what each of its signs becomes. Letters and digits never change. */
interface Rule {
  readonly marker: RegExp
  /** The groups with the signs that are replaced, in order, and what stands in for them. */
  readonly signs: Readonly<Record<string, string>>
}

/** The signs that make text structure for a model or its chat template become others that a reader takes for the same. */
const RULES: readonly Rule[] = [
  // Tags and special tokens: <|im_start|>, </s>, <<SYS>>, <system>, <!--, <%. Comparisons, arrows and quoted lines stay.
  { marker: /(?<sign><)(?!\s?[\d=-])/dgu, signs: { sign: '‹' } },
  { marker: /(?<=[^\s=-]|--)(?<sign>>)/dgu, signs: { sign: '›' } },
  // [INST], [/INST], [SYSTEM MESSAGE], [gMASK].
  {
    marker: new RegExp(String.raw`(?<open>\[)(?=\s*[#/]?\s*(?:${TOKENS}|${ROLE})\s*\])[^\[\]]*(?<close>\])`, 'dgu'),
    signs: { open: '〔', close: '〕' },
  },
  // "role": "system" in JSON and YAML.
  {
    marker: new RegExp(
      String.raw`["'“”\x60]?(?:role|author|speaker|sender|角色)["'“”\x60]?\s*(?<sign>[:=])\s*["'“”\x60]?(?:${ROLE})`,
      'dgu',
    ),
    signs: { sign: ' –' },
  },
  // system: and 【系统】： at the start of a line, with all colons before the next word.
  {
    marker: new RegExp(
      String.raw`(?<=^[^\p{L}\n]*${ROLE}[^\p{L}\n]{0,60}(?:\([^()\n]{0,40}\)[^\p{L}\n]{0,60})?)(?<sign>:(?:[^\p{L}\p{N}\n]*:)*)`,
      'dgmu',
    ),
    signs: { sign: ' –' },
  },
  // Headings of Markdown.
  { marker: /^[ \t>*+-]*(?<sign>#{1,6})(?=\s|#|$)|^[ \t>*+-]*(?<more>#{2,6})/dgmu, signs: { sign: '▪', more: '▪' } },
]

/**
 * Takes from a text what could pass for structure of a prompt, and leaves its words: no line of the result starts with a role marker, and
 * no tag, special token, heading or JSON role is in it, also where signs and letters only look like those. Invisible characters are gone;
 * letters and digits stay as they are. A text that has none of this is returned unchanged.
 */
export function neutralData(text: string): string {
  const visible = text
    .toWellFormed()
    .replace(LINE_ENDS, '\n')
    .replace(INVISIBLE, '')
    .replace(HIDING_JOINER, '')
    .replace(MANY_LINES, '\n\n')
    .replace(MANY_BLANKS, ' ')
    .trim()
  let now = { text: visible, ...foldLookAlikes(visible) }
  for (const rule of RULES) {
    const text = withoutMarkers(now, rule)
    // Folding costs more than all rules; most texts have no marker.
    if (text !== now.text) now = { text, ...foldLookAlikes(text) }
  }
  return now.text
}

function withoutMarkers({ text, folded, starts }: FoldedText & { readonly text: string }, { marker, signs }: Rule): string {
  const replacements = Array.from(folded.matchAll(marker)).flatMap(({ indices }) =>
    Object.entries(signs).flatMap(([group, by]) => {
      const place = indices?.groups?.[group]
      return place === undefined ? [] : [{ from: starts[place[0]] ?? 0, to: starts[place[1]] ?? text.length, by }]
    }),
  )
  let rest = 0
  let result = ''
  for (const { from, to, by } of replacements) {
    if (from < rest) continue
    result += text.slice(rest, from) + by
    rest = to
  }
  return result + text.slice(rest)
}
