/** What a polite answer begins with and what says nothing by itself. In the plain form of a text. */
const LEAD_INS = [
  /^(?:hello|hi|hey|dear customer|thanks|thank you)\b[^.!?\n]{0,40}?[.!?,:]\s*/i,
  /^(?:sure|of course|certainly|yes|yeah|no problem|okay|ok|great|well)\b[^.!?\n]{0,40}?[.!?,:]\s*/i,
  /^(?:that(?:'|’)?s? (?:is )?(?:a )?)?(?:good|great|excellent) question[.!,:]?\s*/i,
  /^thank(?:s| you) for [^.!?\n]{0,60}[.!?,]\s*/i,
  /^(?:according to|based on) (?:our|the|my) [a-z ]{3,30},\s*/i,
  /^(?:as far as (?:we|i) know|to (?:our|my) knowledge|from what (?:we|i) know),?\s*/i,
  /^(?:the|your) answer (?:is|to your question is)[:,]?\s*/i,
  /^(?:it|that|this|they|he|she) (?:is|was|are|were)\s+(?=\S)/i,
  /^(?:您好|你好|亲|好的|当然(?:可以)?|是的|没问题|好问题|谢谢您?的?(?:咨询|提问)?|感谢您?的?(?:咨询|提问))[，,。!！:：~\s]+/u,
  /^(?:根据|按照|依据)(?:我们|本店|我|相关|现有)?的?(?:资料|文章|知识库|信息|记录|规定)[，,:：]?\s*/u,
  /^(?:据(?:我们|我)?(?:了解|所知)|就(?:我们|我)所知)[，,:：]?\s*/u,
  /^(?:您?的?问题的?)?答案(?:是|为)[:：]?\s*/u,
  /^是(?=\S)/u,
] as const
/** Closing sentences without a statement. */
const CLOSINGS = [
  /(?:^|(?<=[.!?\n]))\s*(?:i hope (?:this|that) helps|let (?:me|us) know|feel free to)[^.!?\n]{0,120}[.!?]?\s*$/i,
  /(?:^|(?<=[.!?\n]))\s*(?:please (?:do not hesitate|contact us)|is there anything else|have a (?:nice|great))[^.!?\n]{0,120}[.!?]?\s*$/i,
  /(?:^|(?<=[。！？!?\n]))\s*(?:希望(?:对您|能)|如(?:果|有)(?:还有)?(?:其他|任何|别的)|还有(?:什么|其他)|请随时|祝您)[^。！？!?\n]{0,60}[。！？!?]?\s*$/u,
] as const
const CITATIONS = /\s*(?:\((?:source|来源)[:：][^\n]{1,300}\)\s*$|\[\d{1,2}\])/giu

/** Lead-ins and closings that are taken off, at most. */
const FILLERS_MAX = 4

/** An answer in its plain form without citations and without polite words around what it states. May be empty. */
export function withoutFillers(plain: string): string {
  let rest = plain.replace(CITATIONS, '').trim()
  for (let pass = 0; pass < FILLERS_MAX; pass++) {
    const before = rest
    for (const leadIn of LEAD_INS) rest = rest.replace(leadIn, '')
    for (const closing of CLOSINGS) rest = rest.replace(closing, '')
    rest = rest.trim()
    if (rest === before) break
  }
  return rest
}
