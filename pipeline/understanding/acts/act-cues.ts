/** A sign of an act that a reader can check: its name says what the words do. */
export interface Cue {
  readonly name: string
  readonly pattern: RegExp
}

/** Long patterns have line breaks after a `|`. */
const LINE_BREAK = /\n */g
/** Patterns see text as `normaliseTurn` makes it: lower case, simplified characters, no apostrophes, no letter more than twice in a row. */
const cue = (name: string, { en, zh }: { readonly en?: string; readonly zh?: string }): Cue => ({
  name,
  pattern: new RegExp(
    [en, zh]
      .filter((part) => part !== undefined)
      .join('|')
      .replace(LINE_BREAK, ''),
    'u',
  ),
})

const PERSON = String.raw`(human( being)?|persons?|people|agents?|representatives?|reps?|operators?|managers?|supervisors?|boss|
  someone|somebody|anyone|anybody|employees?|colleagues?|advis[eo]rs?|technicians?|engineers?|staff|consultants?|specialists?|
  experts?|team ?mates?|team members?|your team|customer (service|care|support)|support team|nurse|doctor|pharmacist|lawyer|
  maintainer|department)`
const PERSON_ZH = String.raw`(人工(?!智能|费|草|湖|授|成本|降|合成|呼吸|智慧)|真人|活人|客服|经理|主管|领导|负责人|同事|专员|顾问|工作人员|坐席|接线员|值班|部门|技术人员|工程师|师傅|药师|护士|
  医生|律师|销售|老板|管理员|专家|柜台|快递员|维护者)`

/** What the words of a message do. */
export const MESSAGE_CUES: readonly Cue[] = [
  cue('asks to speak to a person', {
    en: String.raw`\b(talk(ing)?|speak(ing)?|chat(ting)?|discuss|deal)\b.{0,12}\b(to|with|2)\b.{0,30}\b${PERSON}\b|\b(connect|
      transfer|put|pass|hand|switch|forward|refer|direct)(ed|red)? (me|us|this|it|
      my \w+)( straight| back| on)?( over| through)?( to| with)?\b.{0,30}\b${PERSON}\b|\b(put|get|send|give|find|call|want|need|
      bring)\b.{0,12}\b(an? |the |your |some )?(real |live |actual |human )*${PERSON}\b`,
    zh: String.raw`(转|接|找|叫|换|跟|和|与|向|让|见|要|给|连线|联系|请|派|升级).{0,10}${PERSON_ZH}|${PERSON_ZH}.{0,8}(说|聊|谈|通话|联系我|打电话|来电|回电)`,
  }),
  cue('names a person instead of the assistant', {
    en: String.raw`\b(a|any|an|real|live|actual|human) (real |live |actual |human )?(human|person|agent|representative|operator|
      employee|one)\b|^(human|agent|operator|representative|advisor|manager|supervisor|customer (service|care|support))\b`,
    zh: String.raw`^(请|要|我要)?(人工|客服|真人|活人|专员|经理)|真人|活人|人工(客服|服务|坐席|帮助|处理)`,
  }),
  cue('asks for a transfer', {
    en: String.raw`\b(transfer|connect|escalate|put me through|hand me over|pass me)\b`,
    zh: String.raw`转接|转人|转客服|转给|接人工|升级`,
  }),
  cue('asks for a call', {
    en: String.raw`\b(call|ring|phone) (me|us)\b|\b(someone|somebody|person|human|doctor|agent) (to )?(call|ring|phone)|
      number (i can|to) (call|reach|ring)|\bcan i (call|ring|phone)\b|call ?back`,
    zh: String.raw`(给我|回个?)(打|来|回)?个?电话|回电|打电话(说|教|跟|给我)|电话.{0,6}(可以打|能打)|接个电话`,
  }),
  cue('wants no machine', {
    en: String.raw`\b(no|not|dont|stop|sick of|instead of|rather|enough|hate|without)\b.{0,30}\b(bots?|chatbots?|robots?|
      machines?|computers?)\b`,
    zh: String.raw`(不要|不想|别|讨厌|不跟|受够).{0,6}(机器|智能助手|自动回复|ai)|换人|换个人|来个人|叫个人|要人|找人|找个人|有人来|不要你`,
  }),
  cue('asks what the assistant is', {
    en: String.raw`\b(are|r) (you|u)\b.{0,14}\b(human|robot|bot|person|real|ai|machine|computer)|(am i|is this).{0,20}\b(bot|ai|
      human|robot|person|machine)\b|who (are|made|built|created) (you|u)\b|your (name|favou?rite|age)\b|\bdo you (ever|like|love|
      have (feelings|friends|a name|hobbies)|sleep|eat|dream)|how old are you|where (do you live|are you from)|what can you do|
      what are you (doing|up to)`,
    zh: String.raw`你(是|到底是).{0,8}(人|机器|ai|谁|真的)|你叫什么|你几岁|你多大|你住|你喜欢|你会做什么|你会(什么|干什么)|你有.{0,3}(感情|名字|朋友)|是机器人(吗|在)|谁(把你|做的你|开发)|
      你在(干|做)|你睡|你吃`,
  }),
  cue('asks whether anybody listens', {
    en: String.raw`\bany(one|body) (there|here|home)|^you there`,
    zh: String.raw`^(请问)?(在吗|在么|在不在|有人吗|有人在)`,
  }),
  cue('greets', {
    en: String.raw`^(hi|hiya|hello|hey|heya|howdy|yo|gm|greetings|good (morning|afternoon|evening|day)|bonjour|salut|hola|hallo|
      guten|ciao|こんにちは|おはよう)\b|^おはよう|^こんにちは`,
    zh: String.raw`^(你好|您好|嗨|哈喽|哈罗|喂|早安|早上好|上午好|中午好|下午好|晚上好|晚安|早$|早啊|早呀|大家好|亲)`,
  }),
  cue('asks how it goes', {
    en: String.raw`how (are|r) (you|u|things)|hows (it|everything|life|your day)|how is (it|everything)|whats up|^sup\b|
      how have you been|how do you do|how was your`,
    zh: String.raw`最近(怎么样|好吗|如何)|过得(怎么样|好)|吃了(吗|没)|近来`,
  }),
  cue('parts', {
    en: String.raw`\b(bye|goodbye|see (you|ya|u)|good night|take care|talk (to you )?(later|soon)|farewell|cya|ttyl|
      have an? (\w+ )?(\w+)$|have a good|au revoir|さようなら)`,
    zh: String.raw`再见|拜拜|拜$|回头(聊|见)|下次(再聊|见)|明天见|回见|晚安|先这样|先走了`,
  }),
  cue('thanks', {
    en: String.raw`\b(thanks?|thx|thnx|tnx|ty|tysm|cheers|appreciated?|grateful|obliged|merci|gracias|danke|obrigad[oa]|
      grazie)\b|ありがとう|감사`,
    zh: String.raw`谢|感谢|多谢|辛苦|麻烦(你|您)了|3q|感恩`,
  }),
  cue('wishes well', {
    en: String.raw`\b(happy|merry) \w+|\bcongrat|have a (nice|good|great|lovely|wonderful)|all the best|good luck|nice to meet|
      pleased to meet|nice (talking|chatting)`,
    zh: String.raw`(快乐|愉快|顺利|恭喜|祝(你|您|大家)|幸会|很高兴认识|新年好|恭贺|加油)`,
  }),
  cue('laughs or reacts', {
    en: String.raw`\b(lol|lmao|rofl|haha\w*|hehe\w*|hah|omg|aw+|wow|hm+|huh|oh|ah|i see|just kidding|jk)\b`,
    zh: String.raw`哈哈|呵呵|嘻嘻|嘿嘿|哇|哦|噢|这样啊|原来如此|开个?玩笑|好吧|搞笑`,
  }),
  cue('excuses', {
    en: String.raw`\b(sorry|apologi[sz]e|excuse me|no worries|no problem|youre welcome|dont worry|take your time|my pleasure|
      it happens|these things happen|all good)\b`,
    zh: String.raw`不好意思|对不起|抱歉|没关系|没事|不客气|不要紧|不急|慢慢来|不用客气`,
  }),
  cue('small talk', {
    en: String.raw`\b(joke|jokes|funny|bored|boring|tired|sleepy|long day|so (hot|cold)|make me laugh|good mood|great day|
      love mondays?|hungry|cute|sweet|long time no see)\b`,
    zh: String.raw`笑话|段子|无聊|好累|好困|好热|好冷|好饿|心情|聊聊天|聊会|陪我|逗我|可爱|好久不见|上班好|周[一二三四五]了`,
  }),
  cue('says yes', {
    en: String.raw`^(oh |ah |um |uh |hm |well |ok |okay |sure |hi )?(yes|yep|yeah|yea|yup|ya|yah|y|ok|okay|okey|k|sure|right|
      correct|exactly|absolutely|definitely|indeed|certainly|affirmative|agreed|fine|alright|all right|positive|aye|of course|
      by all means|confirm(ed)?|approved?|perfect|great|lgtm|totally|oui|si|ja|sim)\b(?! not)|^(はい|うん)|\b(yes|yep|yeah)\b`,
    zh: String.raw`^(嗯|是|对|好|行|可以|确认|确定|同意|当然|没错|正确|要$|要的|需要|有$|有的|能$|能了|没问题|必须|成$|中$|妥|ok|就(这|它|是)|在的?$|批准|愿意|那(太好|必须|行|好|可以|就))`,
  }),
  cue('lets it happen', {
    en: String.raw`\b(go ahead|go for it|do (it|that|so)|please do|proceed|carry on|ship it|count me in|ill take it|i accept|
      i confirm|i agree|i do$|i can$|i did|it is$|it does|works for me|that works|works$|sounds (good|great|fine|perfect)|
      thats (right|correct|fine|the one|it|great)|looks good|why not|is (fine|ok|good|right|correct)|would be (great|amazing|
      good|nice)|id (like|love) (that|to$)|send it|book it|lets do)\b`,
    zh: String.raw`(办吧|发吧|订吧|加上|来吧|吧$|就这(么|样)|没问题|可以(的|了|啊|呀)?$|那就|太好了|方便|没意见|算我|照办|麻烦了)`,
  }),
  cue('declines with thanks', {
    en: String.raw`\bno,? ?(but )?(thanks|thank you|thx|ty)\b|\b(thanks|thx|thank you),? but no\b`,
    zh: String.raw`(不用|不了|不必|不需要|没有|没)了?[,! ]*(谢|多谢)|谢谢?[,! ]*(不用|不必|不了|不需要)`,
  }),
  cue('says no', {
    en: String.raw`^(oh |ah |um |uh |hm |well |sorry |sorry but |ok |thx but )?(no(?! (worries|problem|idea|longer))|nope|nah|nay|
      negative|
      never(?! ?mind)|neither|none|not|non|nein|nao)\b|^いいえ|\b(no thank|no thanks|no thx|god no|no way|(certainly|absolutely|definitely|
      of course|rather) not|disagree|decline|reject|under no circumstances|dont think so)\b`,
    zh: String.raw`^(不(?!客气|好意思|错)|没(?!错|问题|关系|事)|别(?!的)|否|无|未|还没|暂时不|先不|先别|才不|千万别|从来没|从没|并没|都不|拒绝|驳回|算不上|好像没|谢谢.?不)`,
  }),
  cue('negates', {
    en: String.raw`\b(not|dont|doesnt|didnt|isnt|arent|wasnt|wont|cant|cannot|couldnt|wouldnt|havent|hasnt|never|nothing|nobody|
      none|neither|without|unfortunately|sadly|rather not|not interested|no need)\b`,
    zh: String.raw`不(?!客气|好意思|错)|没(?!错|问题|关系|事)|(?<!特|个|区|级|分|类)别(?!的)|无|未`,
  }),
  cue('refuses', {
    en: String.raw`\b(id rather not|rather you|not interested|no need|not necessary|wont be necessary|ill pass|not (now|yet|
      today|really|at all|anymore|for me|that one)|i (dont|do not) (want|need|like|think)|too (expensive|pricey|far|late|early|
      much)|cant make it|doesnt (work|suit)|no good|prefer (not|that you dont|to)|leave .{0,20}as|hold off|not that i|
      nothing (else|more)|thats (all|it)$|hold on|im good)\b`,
    zh: String.raw`不用|不必|没必要|不需要|不想|不感兴趣|不合适|不方便|不行|不可以|不要|不愿|不同意|先等等|还是别|还是不|太贵|太远|去不了|不在家|没有了|没了|不是(这|我)|别急|不喜欢`,
  }),
  cue('gives up', {
    en: String.raw`\b(never ?mind|nvm|forget (it|that|about|the|i asked|my|everything)|cancel|abort|scrap|scratch that|drop it|
      call (it|this|the \w+) off|dont bother|no longer (need|want|interest)\w*|(dont|do not|not|wont) (need|want|
      needed) .{0,20}(any ?more|after all)|not needed|changed my mind|decided against|disregard|ignore (that|me|my|it|this)|
      let it go|give up|leave it|quit|exit|undo|roll (it )?back|revert (it|everything|that)|withdraw|take it back|lets (stop|
      leave|not|forget)|you can (stop|close)|not going (any ?more)?|delete it)\b`,
    zh: String.raw`算了|取消|不(订|办|弄|买|要|退|查|约|去|寄|发|写|修|搞|理赔|重构|换|问|转|下|用)(了|啦)|作废|撤(销|回|案)|放弃|终止|中止|当我没|改(变)?主意|不用(找|查|转|管|订)了?|
      别(找|查|搜|转|写|弄|发|跑)了|退出|还原|回滚|不麻烦|忽略吧|就此|先不|删(了吧|掉)|跳过`,
  }),
  cue('stops', {
    en: String.raw`^(wait |please |no |ok )*(stop|halt|abort|quit|exit|cancel)\b|\bstop (it|that|this|here|searching|checking|
      now)\b`,
    zh: String.raw`^(停|别|打住|等等.?别|到此为止|结束|停止|终止)`,
  }),
  cue('solved it otherwise', {
    en: String.raw`\b(sorted (it )?(out )?|(did|do|will do|ill do) it (myself|by hand)|found (it|one)( myself)?|works (again|
      now)|(talk|ask|check with) (to )?(him|her|them) first|take it (with|my)self|buy a new|on my own)\b`,
    zh: String.raw`(自己|朋友|找别).{0,6}(弄|来|解决|带|修|看|接|搞)|商量|再说吧?$|又好了|现在好了|手动|去别`,
  }),
  cue('corrects', {
    en: String.raw`\b(i (meant|said|asked for|told you)|i (never|didnt) (say|said|ask|want)|thats (wrong|not (right|correct|true|
      what))|(is|was|are|its|youre|thats|be|got) (wrong|incorrect|not (right|correct|true))|misunder\w+|mistake\w*|typo|mistyped|
      misread|mis ?spelled|correction|correct (that|it)|let me correct|my bad|oops|whoops|should (be|have been|ve)|instead of|
      rather than|spelled|wrong|actually (its|make|i|the)|take that back|incorrect|not true)\b`,
    zh: String.raw`(我说的?(是|错)|我要的是|我问的是|我买的是|我让你|我是(说|指|要)|说错|打错|输错|写错|弄错|搞错|记错|看错|理解错|误会|算错|冻错|订错|填错|错了|口误|更正|纠正|应该(是|转|为)|改成|
      改为|换成|不是.{1,14}(是|,)|没(说过|这么说|说要)|你.{0,4}(不对|反了)|搞反|不对吧|不对)`,
  }),
  cue('puts one value for another', {
    en: String.raw`\b(not|instead of|rather than) (the )?[\w ]{1,20}(,| but| its| it is|$)|^(no |nope |sorry |oh |
      ah )?.{0,12}\b(its|make it|change (it|that)) `,
    zh: String.raw`不是.{1,12}[,,]?.{0,4}是|是.{1,12}不是|改(成|为)?`,
  }),
  cue('objects', {
    en: String.raw`\b(but|though|although|however|according to|your (own )?(site|website|page|shelf|email) (says|said))\b`,
    zh: String.raw`可是|但是|但|明明|官网(写|说)|网站写|不对吧|的呀$|啊$`,
  }),
  cue('asks what is meant', {
    en: String.raw`\b((what|whats) (do|does|did|is|are|was)?.{0,30}\b(mean|meaning|meant)|meaning\b|you mean|do you mean|mean by|
      when you say|not sure (i|what)|(dont|didnt|do not|did not|cant) (understand|get (it|that|what)|follow|see what|know what)|
      confus\w+|unclear|im lost|lost me|explain (that|it|what|why|the)|could you explain|can you explain|rephrase|repeat|
      say (that|it) (again|slower)|come again|pardon|in (plain|simple|simpler)|simpl(y|er)|be more specific|more specific|
      break (that|it) down|clarify|to be clear|slower|step by step)\b|^(sorry )?(what|huh|how|which \w+|better how)$`,
    zh: String.raw`(什么|啥)意思|意思(是|$)|指(什么|的是|哪|是)|是指|没(听|看|搞)?(懂|明白)|不(太)?(懂|明白)|看不懂|听不(懂|明白)|再(说|讲)一(遍|次)|重复|解释(一)?下?|换个说法|说(简单|
      清楚|具体)|具体(点|是|指|哪)|怎么(讲|理解|个)|糊涂|人话|确认一下|也就是说|什么(叫|算)|(是|啥)干(什么|嘛|啥)|是什么$|是个?啥$|^(什么|啥|啊|嗯)$|慢点|一步一步|来着`,
  }),
  cue('says what they mean', {
    en: String.raw`\b(what i (mean|am asking|was asking)|what im asking|let me clarify|to clarify|i mean|im talking about|
      in other words)\b`,
    zh: String.raw`我的意思是|我是想问|我想问的是|我指的|说明一下|换句话说|我问的是`,
  }),
  cue('names an alternative', { en: String.raw`\b(or)\b`, zh: String.raw`还是|或者|或` }),
  cue('goes on', {
    en: String.raw`\b(continue|go on|carry on|keep going|tell me (a bit |some )?more|more (details?|info\w*|about)|go back to|
      back to|get back to|where we left|where were we|resume|as i was saying|what else|any (other|more|news)|next step|now what|
      following up|previous (topic|question)|last question|earlier question|one more question|what happens next|and then)\b`,
    zh: String.raw`继续|接着|接上|回到|说回|往下|上面(的|那|说)|刚才|刚刚|上次|之前(的|说|那)|聊到哪|详细|展开|再(说说|讲讲|多讲|详细)|多说|还有(呢|别的|没|吗)|然后呢|接下来|下一步|第[一二三四]个|
      进展`,
  }),
  cue('adds to it', {
    en: String.raw`^(ok |okay |so |oh |great |cool |alright )*(and|also|what about|how about|or|then|plus|so|same)\b`,
    zh: String.raw`^(那|还有|再|另一个|然后|以及|那么|也|顺便补)|(呢|呀)$`,
  }),
  cue('refers back', {
    en: String.raw`\b(it|that|this|they|them|those|these|there|he|she|him|her|one|ones|same|which of|the (first|second|third|
      last|other|smaller|cheaper|later) (one)?)\b`,
    zh: String.raw`它|这个|那个|这|那|他|她|其中|哪一?(班|个|家|款)|第[一二三]`,
  }),
  cue('changes the subject', {
    en: String.raw`\b(btw|by the way|another (question|thing|topic|issue)|different (question|topic|thing|issue)|separate|
      unrelated|one more thing|something else|next (question|problem|issue)|new (question|issue|problem)|change of topic|
      before that|first tell|also do you|oh and|while im at it|other question)\b`,
    zh: String.raw`对了|顺便(问|说)|另外|换个(问题|话题)|问个别的|下一个问题|还有(个|一)(事|个?问题)|还有.{1,8}(怎么|也)|再问(个|一个)|先(问|告诉)|别的(事|问题)|话说`,
  }),
  cue('states a wish or need', {
    en: String.raw`\b(i (want|need|would like|wish|have to|must)|id like|wanna|i am looking|looking for|im (interested|trying|
      having)|we (need|want)|our \w+ (is|are)|can i|may i|could i|need help|help me|interested in|id love)\b`,
    zh: String.raw`我(想|要|需要|们想)|想(要|问|查|买|给|了解|咨询|办|开|换|订|改)|帮我|帮忙|给我|请帮|麻烦|咨询|问一下|请问|查一下|查询|了解一下|申请|办理|推荐`,
  }),
  cue('begins with a question word', {
    en: String.raw`^(hi |hello |ok |and |so |please |hey )*(what|whats|how|where|when|why|which|who|whose|is|are|do|does|did|can|
      could|would|will|should|have|has)\b`,
    zh: String.raw`^(请问|你好.?|那)?(什么|怎么|怎样|如何|为什么|哪|几|多少|多久|有没有|是不是|能不能|可不可以|啥)`,
  }),
  cue('has a question form', {
    en: String.raw`\?`,
    zh: String.raw`\?|吗|呢|么$|什么|怎么|哪|几(点|天|号|个|位)|多少|多久|多大|多远|为什么|为啥|啥|是不是|有没有|能不能|可以不|行不|不$`,
  }),
  cue('asks to know', {
    en: String.raw`\b(what (is|are)|whats|how (do|does|can|to|much|many|long)|explain|difference|where (is|can|do)|why (is|does|
      was|do)|can you (help|tell|check|find|show)|do you (have|sell|offer|ship|do)|is there|are there|tell me about)\b`,
    zh: String.raw`什么是|什么叫|怎么(办|用|改|查|样|退|写|连|弄|处理)|区别|是多少|在哪|介绍|如何|你们(有|能|的|卖)|解释`,
  }),
  cue('reports a problem', {
    en: String.raw`\b(problem|issue|broken|broke|error|fails?|failed|crash\w*|lost|stolen|missing|late|wont|doesnt work|
      not working|leak\w*|overcharged|charged|declined|damaged|slow|cant (log|find|open|access)|stuck|unable)\b`,
    zh: String.raw`坏了|报错|错误|失败|丢了|被盗|不见|没(收到|到|送|反应)|漏水|掉线|连不上|登不上|打不开|闪退|卡|不制冷|开不了|多扣|扣了|问题|响|忘了|慢`,
  }),
  cue('praises', {
    en: String.raw`\b(great|excellent|brilliant|awesome|amazing|fantastic|wonderful|perfect|super|impressive|lovely|gorgeous|
      friendly|kind|helpful|well done|good (job|work|service|catch|explanation)|nice|love|best|satisfied|happy with|recommend|
      smooth\w*|fast|quick\w*|easy|like a charm|wow|finally|keep it up|fixed|did the trick|solved|it works|works (great|now)|
      helped|decent|clear(ly)? (enough|written)|generous|made my day|spot on|beautiful|impressed|pretty good|clever|
      comfortable|patient|thoughtful|polite|professional|easiest|smart|outstanding|superb|5 stars?|five stars?|10 ?/ ?10)\b`,
    zh: String.raw`好评|点赞|赞|棒|牛|厉害|完美|专业|满意|不错|真好|很好|特别好|好用|好使|喜欢|感人|贴心|热情|表扬|夸|顺利|搞定|解决了|跑通|成功|有用|帮(了)?大忙|干得漂亮|五星|效率|清楚|强多|快|良心|
      大方|周到|细心|懂了|佩服|舒服|到位|暖心|用心|耐心|聪明|和气|漂亮|爱了|优秀|给力|靠谱|省心|真快|挺好|太好`,
  }),
  cue('complains', {
    en: String.raw`\b(useless|terrible|awful|horrible|worst|worse|bad|poor|rubbish|garbage|trash|ridiculous|joke|disappoint\w*|
      unacceptable|outrageous|pathetic|stupid|dumb|idiot\w*|hopeless|sucks?|annoy\w*|angry|frustrat\w*|fed up|rude|waste of|
      not (helpful|happy|ok|impressed|satisfied|great|good)|unhappy|didnt (help|change|work)|doesnt (help|work)|disgrace|shame|
      scam|greedy|weak|crap|damn|wtf|bullshit|hate|insane|never again|never (buying|using)|expected better|nobody (has )?(replied|
      answers?)|
      keep (saying|asking|sending)|you (never|dont|didnt) (listen|read|care|help)|how you treat|lazy|liars?|slow(er)?|worthless|
      unprofessional|meh|takes forever|too (slow|long|complicated)|way too|impossible|1 star|one star|never (answer|
      understand)\w*|complain\w*)\b`,
    zh: String.raw`差|垃圾|没用|烂|破|失望|不满|离谱|过分|蠢|笨|废|坑|骗|浪费|投诉|答非所问|烦|气死|无语|恶劣|难用|糟|呵呵|白搭|丢人|黑$|啰嗦|没救|受不了|太慢|这么慢|什么(态度|破)|根本|一点用|落后|
      敷衍|讨厌|再也不|不会再|没人(回|理)|翻来覆去|帮不上|越.{1,4}越(难|差|慢)|流氓|抢钱|黑心|零分|坑人|不专业|不靠谱|没想到你们|难受`,
  }),
  cue('rates or suggests', {
    en: String.raw`\b(\d ?(stars?|/ ?\d+|out of)|(five|four|three|two|one) stars?|feedback|suggestion|it would be (nice|better|
      great) if|you should add|rate|would give|id give|give (you|it|this) (a )?\d)\b|⭐|^[1-5]$`,
    zh: String.raw`[一二三四五1-5]星|打.{0,4}分|满分|\d分|提个?(意见|建议)|建议|希望.{0,12}(能|可以)|反馈|评价|^[1-5]$`,
  }),
  cue('speaks of the staff or the shop', {
    en: String.raw`\b(your|you guys|you people) (service|staff|driver|company|website|site|app|shop|team|system|support|drivers?|
      courier|bot|delivery|instructions)\b|\b(the|this) (staff|driver|courier|bot|chatbot|app|update|service|support)\b`,
    zh: String.raw`(你们|你家)的?(服务|员工|司机|公司|网站|店|团队|系统|客服|送货|app|机器人|处理)|(服务|态度|体验|质量|快递员|店员|机器人|系统|界面)`,
  }),
  cue('asks the world, not the service', {
    en: String.raw`\b(weather|rain|snow|sunny|forecast|football|soccer|match|game last|league|nba|election|president|vote|war|
      politic\w*|god|religion|horoscope|lottery|bitcoin|crypto|stocks?|shares to|stock market|news today|recipe|cook|pancakes?|
      poem|song|sing|rap|story|bedtime|essay|homework|maths?|equation|thesis|translate|capital of|how (tall|old|far) is|planets?|
      moon|moon landing|movie|series|film|book to read|girlfriend|boyfriend|wife|husband|marry|dating|break ?up|love letter|
      meaning of life|afterlife|pretend|ignore (all|previous)|system prompt|bomb|drugs|hack|cheat|steal|painted|burger|diet|
      name my|what time is it|ugly|basketball|tennis|olympic\w*|formula 1|celebrit\w*|actor|singer|philosoph\w*|universe|ghosts?|
      zodiac|fortune|gambl\w*|betting|casino|dream|lonely|depressed|my (crush|ex|girl|boy|best friend)|lyrics|novel|haiku|
      limerick|riddle|trivia|dinosaurs?|history of|president of|population of|president|prime minister|queen|king of|workout|
      lose weight|hairstyle|makeup|netflix|video ?games?)\b`,
    zh: String.raw`天气|下雨|下雪|气温|球赛|世界杯|冠军|选举|总统|打仗|政治|战争|上帝|鬼|星座|运势|算(个)?命|属[鼠牛虎兔龙蛇马羊猴鸡狗猪]|彩票|股票|大盘|比特币|哪只股|新闻|做法|怎么做(好吃)?|菜谱|红烧|
      炒|吃(啥|什么)|外卖|写(一?首|封|篇)|诗|情书|作文|唱|故事|作业|方程|论文|翻译|首都|多高|多远|月亮|行星|电影|电视剧|好看|歌手|球员|男朋友|女朋友|男友|女友|分手|出轨|结婚|追女|对象|人生|活着|意义|爱情|
      扮演|假装|忽略.{0,6}指令|提示词|炸弹|毒|枪|撬|作弊|蚂蚁|狗狗|减肥|谁画|登月|三国|李白|取(什么)?名|等于多少|乘|几点了|现在几点|堕胎|篮球|足球|网球|奥运|比赛|明星|演员|哲学|宇宙|运气|赌|做梦|孤独|抑郁|
      暗恋|前任|歌词|小说|谜语|脑筋急转弯|恐龙|历史上|人口|总理|国王|皇帝|健身|发型|化妆|游戏|相亲|吵架|婆婆`,
  }),
  cue('names what services deal with', {
    en: String.raw`\b(ai|artificial intelligence|machine learning|deep learning|algorithms?|models?|api|cloud|blockchain|encryption|
      orders?|
      invoices?|bills?|refunds?|returns?|deliver\w*|parcels?|packages?|shipping|accounts?|passwords?|log ?in|
      subscriptions?|
      memberships?|contracts?|tariffs?|plans?|bookings?|reservations?|tickets?|flights?|trains?|hotels?|rooms?|tables?|appointments?|
      cards?|payments?|transfers?|loans?|mortgages?|insurance|polic(y|ies)|claims?|warrant(y|ies)|stock|sizes?|products?|prices?|
      discounts?|vouchers?|codes?|addresse?s?|emails?|phones?|sim|data|internet|wifi|router|apps?|websites?|laptops?|printers?|chargers?|
      software|licen[cs]es?|updates?|versions?|courses?|exams?|enrol\w*|prescriptions?|patients?|clinic|visas?|passports?|luggage|
      opening hours|stores?|shops?|branch|servers?|databases?|deploy\w*|tests?|builds?|files?|functions?|quer(y|ies)|meetings?|
      settings?|notifications?|newsletter|receipts?|deposits?|fees?|balance|statements?|points)\b`,
    zh: String.raw`人工智能|机器学习|深度学习|算法|云计算|区块链|加密|接口|订单|发票|账单|退款|退货|换货|快递|包裹|物流|运费|账户|账号|密码|登录|会员|合同|合约|套餐|流量|话费|宽带|预订|预约|机票|高铁|车票|酒店|
      房间|座位|挂号|银行卡|信用卡|
      付款|支付|转账|贷款|房贷|保险|保单|理赔|保修|质保|库存|现货|尺码|商品|产品|规格|参数|价格|优惠|折扣|积分|地址|邮箱|手机|路由器|软件|授权|更新|版本|课程|考试|报名|
      处方|医保|社保|公积金|签证|护照|行李|营业|门店|服务器|数据库|部署|测试|构建|文件|会议|设置|通知|短信|收据|押金|费用|余额|充值|电费|水费|物业|维修|安装|售后|系统|模型|数据`,
  }),
  cue('no language', {
    en: String.raw`^[bcdfghjklmnpqrstvwxz]{4,}( [bcdfghjklmnpqrstvwxzaeiou]+)*$|[bcdfghjklmnpqrstvwxz]{6,}|(asdf|sdf|qwer|jkl|
      lkj|dfg|blah)`,
    zh: String.raw`^(啦|啊|嘎|呃|额){3,}|撒发|阿斯|看得见$|的撒`,
  }),
  cue('has a number', { en: String.raw`\d`, zh: String.raw`[一二三四五六七八九十百千两]+(个|位|点|号|月|天|岁|斤|盒|张|块|元)` }),
  cue('names a date or time', {
    en: String.raw`\b(january|february|march|april|may|june|july|august|september|october|november|december|monday|tuesday|
      wednesday|thursday|friday|saturday|sunday|today|tomorrow|yesterday|morning|afternoon|evening|night|pm|am|o ?clock|week|
      month|year)\b`,
    zh: String.raw`周[一二三四五六日天]|星期|今天|明天|昨天|昨晚|上午|下午|晚上|月|点|号`,
  }),
  cue('contains code', {
    en: String.raw`[{}=;]|\w\(\)|=>|\b(function|select|docker|git|npm|sql|regex|python|typescript|api|kubernetes|null|
      undefined)\b`,
    zh: String.raw`容器|代码|报错|数据库|脚本|函数|接口|正则|部署|分支`,
  }),
  cue('approving emoji', { en: String.raw`👍|👌|✅|💯|🆗|🙆` }),
  cue('refusing emoji', { en: String.raw`❌|🚫|🙅|✖` }),
  cue('happy emoji', { en: String.raw`😀|😃|😄|😊|🙂|😂|🤣|😁|👋|🎉|🥳|😎|😉|🤗` }),
  cue('loving emoji', { en: String.raw`❤|😍|🥰|⭐|🌟|👏|🎊` }),
  cue('angry emoji', { en: String.raw`😡|😠|🤬|👎|😤|😒|🙄|💩` }),
  cue('thanking emoji', { en: String.raw`🙏|🌹|💐` }),
]

/** What the last turn of the other side asks for or does. The first that matches counts. */
export const TURN_CUES: readonly Cue[] = [
  cue('asks for a rating', { en: String.raw`\b(rate|rating|stars|from 1 to)\b`, zh: String.raw`打分|评分|评价` }),
  cue('asks for more wishes', {
    en: String.raw`\b(anything else|something else|other questions|what else can i)\b.{0,30}\?`,
    zh: String.raw`(还有|别的).{0,14}(吗|需要|帮|问题).{0,8}\?`,
  }),
  cue('offers help', {
    en: String.raw`\bhow (can|may) i (help|assist)|what can i do for you|welcome to`,
    zh: String.raw`有什么可以帮|请问您?(要)?办理|什么业务|欢迎`,
  }),
  cue('did not understand', {
    en: String.raw`\b(not (sure )?(i )?understand|didnt understand|not understand|not sure i|could not find|cant find|
      dont have (that )?information|only help with|im afraid i|only know about)\b`,
    zh: String.raw`没有?理解|没听懂|没有查到|查不到|没有这方面|只能(回答|帮)|不太确定`,
  }),
  cue('works', {
    en: String.raw`\b(please (hold|wait)|im checking|checking|transferring|running|generating|searching|looking for|
      i am (generating|looking|drafting)|im drafting)\b.{0,60}$`,
    zh: String.raw`请稍|正在|稍候`,
  }),
  cue('lets choose', {
    en: String.raw`\b(which|prefer|would you like .{1,40} or|want to .{1,30} or|do you .{1,40} or|one way or|should i \w+ or|
      or with|is it .{1,30} or)\b[^?]*\?$`,
    zh: String.raw`(哪(个|一|款|家|位)|还是|或)[^?]*\?$`,
  }),
  cue('asks for a value', {
    en: String.raw`\b(what|when|where|how (many|long|did|old|would)|who|why|at what|your (name|date|number)|may i (have|ask)|
      could you (give|tell)|can you tell me|tell me|name)\b[^?.]*\?$|^for how many|please (enter|upload|describe|provide|tell)|
      \bname\?$`,
    zh: String.raw`(什么|几|多少|多久|怎么|哪|谁|贵姓|为什么|原因|日期)[^?。]*\?$|请(提供|输入|上传|描述|告诉|说)`,
  }),
  cue('offers or proposes', {
    en: String.raw`\b(shall i|should i|would you like|do you want|may i|can i|could i (offer|send)|i can (also )?\w+|want me to|
      would .{1,20} (work|suit)|ok\?|is that (ok|okay|alright|right)|continue\?|proceed\?|confirm\?|agreed\?|would you|
      can you attend|please confirm|is it ok|okay\?)[^?]*\??$`,
    zh: String.raw`(需要|要.{0,14}(吗|么)|可以(为您|帮您|吗)|可以.{0,12}吗|好吗|行吗|您看|要不要|为您.{1,20}(吗|么)|继续吗|现在.{1,12}吗|请确认|确认吗|愿意|能参加|方便吗|
      呢)[^?]*\??$`,
  }),
  cue('asks yes or no', { en: String.raw`\?$`, zh: String.raw`(吗|吧|对吗|是吧|没错吧|么)\?$|\?$` }),
  cue('asks and tells', { en: String.raw`\?`, zh: String.raw`\?` }),
  cue('apologises', {
    en: String.raw`\b(sorry|apologi[sz]e|unfortunately|rejected|expired)\b`,
    zh: String.raw`抱歉|对不起|被拒|过期|很遗憾`,
  }),
  cue('reports done', {
    en: String.raw`\b(done|booked|saved|changed|corrected|cancelled|sent|updated|added|applied|set|moved|blocked|removed|
      confirmed|paid|credited|shipped|opened|passed|have (set|added|removed|booked))\b`,
    zh: String.raw`已(经)?|成功|完成`,
  }),
  cue('instructs', {
    en: String.raw`^(please|press|hold|try|take|restart|fill|use|create|rebase|print|you can|you could|you need|run)\b`,
    zh: String.raw`^(请|按|试|可以|用|在)`,
  }),
]
