import { z } from 'zod'
import { aboutSchema } from '../../schemas/profile-events.ts'

/** A sentence with what it says of the customer: `about=value`; `-about=value` where it is withdrawn, `-about` any value, `-*` all. */
export interface ProfileSentence {
  readonly text: string
  readonly expected: readonly string[]
}

const read = (lines: string): ProfileSentence[] =>
  lines
    .trim()
    .split('\n')
    .map((line) => {
      const [text = '', expected = ''] = line.split(' => ')
      return { text: text.trim(), expected: expected.split(';').flatMap((one) => (one.trim() === '' ? [] : [checked(one.trim())])) }
    })

function checked(fact: string): string {
  const about = /^-?(\w+|\*)/.exec(fact)?.[1] ?? ''
  if (about !== '*') z.parse(aboutSchema, about)
  return fact
}

/** The patterns were written for these. */
export const SEEN = {
  en: read(`
Please call me Li => name=Li
Call me Dr. Wong from now on. => name=Dr. Wong
You can call me Sam, by the way => name=Sam
Hi, my name is Maria Lopez and my parcel is late => name=Maria Lopez
I go by Alex => name=Alex
Don't call me that. => -name
please stop calling me Bob, call me Robert => -name=Bob; name=Robert
I'd rather be called Ms Chen => name=Ms Chen
I'm vegetarian => diet=vegetarian
I am a strict vegan, what can I order? => diet=vegan
I'm not vegetarian any more => -diet=vegetarian
I only eat halal => diet=halal
I'm allergic to peanuts => allergy=peanuts
I am allergic to shellfish and I live in Bergen => allergy=shellfish; home=Bergen
I don't eat pork => refuses=pork
I love hiking => likes=hiking
I really like science fiction => likes=science fiction
I'm a big fan of jazz => likes=jazz
My favourite colour is green => likes=green
I hate coriander => refuses=coriander
I can't stand horror films => refuses=horror films
I don't like coffee any more => -likes=coffee
Please answer in Chinese => language=zh
Could you speak English with me? => language=en
Can we switch to German? => language=de
I prefer Chinese => language=zh
I only understand English => language=en
I live in Oslo now => home=Oslo
I moved to New York last year => home=New York
I work as a nurse => work=nurse
I'm a teacher => work=teacher
No need to be so formal with me => form=informal
Please address me formally => form=formal
Forget that I am vegetarian => -diet=vegetarian
Please forget my name => -name
Forget everything you know about me => -*
I never said I like jazz => -likes=jazz
I'd like to return this jacket =>
I like it, thanks =>
Can you call me back tomorrow? =>
Call me a taxi =>
Do you like hiking? =>
I love the way you handled this =>
I'm a customer since 2019 =>
I don't like this answer =>
What does halal mean? =>
I hate waiting so long for you =>
My name is on the invoice =>
no, call me Li Wei => name=Li Wei
My name is not Bob, it's Rob. => name=Rob
You can call me Captain if you want. => name=Captain
Please stop calling me sir. => -name=sir
I go by Sasha these days. => name=Sasha
The name's Bond. => name=Bond
They told me to call me back on Monday. =>
We're vegetarians at home, so no meat. => diet=vegetarian
I don't eat pork or beef. => refuses=pork; refuses=beef
I turned vegan last year. => diet=vegan
I have a nut allergy. => allergy=nut
Could we do this in German? => language=de
English, please. => language=en
I live in Bergen. => home=Bergen
We moved from Oslo to Tromsø in May. => home=Tromsø
I don't live in Oslo any more. => -home=Oslo
I'm a nurse on night shifts. => work=nurse
I love hiking in the mountains. => likes=hiking in the mountains
Jazz is my favourite music. => likes=Jazz
I can't stand coriander. => refuses=coriander
I'm not into horror films. => refuses=horror films
I used to like sushi, not any more. => -likes=sushi
Please forget my address. => -home
Delete everything you know about me. => -*
Do you like jazz? =>
My sister is vegan. =>
What if I am allergic to nuts? =>
I would love a refund. =>
I love that you reply so fast. =>
He calls me every day about the parcel. =>
Call me an idiot, but where is my order? =>
I'm going to call my bank. =>
I prefer trains to planes. => likes=trains
I like the blue one better. =>
As a doctor I get up early. => work=doctor
I need gluten-free meals. => diet=gluten-free
I'm Tom's brother. =>
I am in Paris for two days. =>
I'm allergic to shellfish and I live in Cork. => allergy=shellfish;home=Cork
I no longer live in Bristol. => -home=Bristol
We are moving to Lisbon next spring. =>
I don't want this any more. =>
I used to work as a plumber. => -work=plumber
I used to order from you a lot. =>
I'm not a student any more. => -work=student
I have an order and a question. =>
I have a bad back. =>
I have an allergy to wool. => allergy=wool
I've got a severe egg allergy. => allergy=egg
My son has a milk allergy. =>
We live in Bath, above a bakery. => home=Bath
We went to Spain. =>
I went vegetarian in 2020. => diet=vegetarian
I want vegan shoes. =>
I need vegan options. => diet=vegan
French please => language=fr
Please do this in English. => language=en
Please use the English manual. =>
The red one is my favourite. =>
Tea is my favourite drink. => likes=Tea
I prefer tea over coffee. => likes=tea
I prefer paying by card. => likes=paying by card
I'm a teacher at a primary school. => work=teacher
As a customer I expect an answer. =>
I am a driver short on time. =>
My name isn't Sara, it's Sarah. => name=Sarah
The name's wrong on my invoice. =>
Call me Max now, please. => name=Max
Call me now, please. =>
I don't like mushrooms any more. => -likes=mushrooms
I'm no longer allergic to milk. => -allergy=milk
I can no longer log in. =>
I no longer have the receipt. =>
Forget that I like tea. => -likes=tea
`),
  zh: read(`
叫我小李 => name=小李
请叫我王女士 => name=王女士
以后叫我老张就行 => name=老张
我叫李雷，想问一下快递 => name=李雷
你可以称呼我为陈先生吗？ => name=陈先生
别叫我这个 => -name
不要再叫我小王了 => -name=小王
別這樣叫我，請稱呼我林小姐 => -name; name=林小姐
我吃素 => diet=吃素
我是素食者，有什么推荐吗？ => diet=素食
我现在不吃素了 => -diet=吃素
我只吃清真 => diet=清真
我对花生过敏 => allergy=花生
我對海鮮過敏 => allergy=海鮮
我海鲜过敏 => allergy=海鲜
我不吃香菜 => refuses=香菜
我喜欢爬山 => likes=爬山
我特别喜欢科幻小说 => likes=科幻小说
我爱喝茶 => likes=茶
我最喜欢的颜色是绿色 => likes=绿色
我讨厌恐怖片 => refuses=恐怖片
我不喜欢咖啡 => refuses=咖啡
我不喜欢爵士乐了 => -likes=爵士乐
请用英文回答我 => language=en
能不能说中文？ => language=zh
换成英语吧 => language=en
我只会说中文 => language=zh
我住在上海 => home=上海
我搬到深圳了 => home=深圳
我是护士 => work=护士
我是一名程序员，平时很忙 => work=程序员
别用您，说你就行 => form=informal
请用敬语 => form=formal
忘掉我吃素这件事 => -diet=吃素
请忘记我的名字 => -name
把关于我的一切都忘掉 => -*
我没说过我喜欢爵士乐 => -likes=爵士乐
我喜欢这个，谢谢 =>
我叫了外卖，还没到 =>
你喜欢爬山吗？ =>
叫我怎么办 =>
我想退货 =>
我是老顾客了 =>
我不喜欢你们的态度 =>
我住的酒店没有热水 =>
什么是清真？ =>
我最讨厌等这么久 =>
我的名字写错了 =>
叫我小周就行。 => name=小周
不要叫我老王 => -name=老王
不对，我叫李伟，不是李薇。 => name=李伟
大家都喊我阿强。 => name=阿强
以后请称呼我陈老师。 => name=陈老师
我的名字是马丽 => name=马丽
别再叫我先生了，我是女的。 => -name=先生
叫我怎么相信你们？ =>
快递员叫我去楼下拿。 =>
我从小就吃素。 => diet=吃素
我不吃香菜。 => refuses=香菜
我对花生过敏。 => allergy=花生
我海鲜过敏，麻烦注意。 => allergy=海鲜
我现在不吃素了。 => -diet=吃素
我对牛奶已经不过敏了。 => -allergy=牛奶
请用英文回复我。 => language=en
我看不懂英语，麻烦讲中文。 => language=zh
我住在杭州。 => home=杭州
上个月我搬到成都了。 => home=成都
我已经不住上海了。 => -home=上海
我老家在湖南。 =>
我是一名护士。 => work=护士
我在医院做药剂师。 => work=药剂师
我特别喜欢爵士乐。 => likes=爵士乐
我最爱的运动是羽毛球。 => likes=羽毛球
我讨厌榴莲。 => refuses=榴莲
我不太喜欢太甜的东西。 => refuses=太甜的东西
忘掉我的地址。 => -home
把我的资料都删掉。 => -*
我妈妈对花生过敏。 =>
你喜欢音乐吗？ =>
如果我对花生过敏怎么办？ =>
我想住在靠海的酒店。 =>
我朋友住在广州。 =>
您不用这么客气。 => form=informal
麻烦说话正式一点。 => form=formal
我不喝酒。 => refuses=酒
我叫的外卖还没到。 =>
我喜欢的那款什么时候有货？ =>
我是来投诉的。 =>
我爱人在北京工作。 =>
住在这里的人都知道。 =>
不，叫我李伟。 => name=李伟
我不住北京了 => -home=北京
我不想要了。 =>
我不喜欢喝茶了 => -likes=茶
我不做老师了 => -work=老师
我等不了了 =>
我看不到了 =>
我不用了 =>
我不记得密码了 =>
我现在对花粉不过敏 => -allergy=花粉
我女儿对花生不过敏。 =>
去年我搬到了深圳。 => home=深圳
最近我搬家了。 =>
昨天我收到了。 =>
我在学校当老师。 => work=老师
我在等客服经理 =>
我在银行工作。 =>
我最喜欢的颜色是蓝色 => likes=蓝色
我最爱的是她 =>
请把我的个人信息都删除 => -*
我的信息填错了 =>
把我的收货信息改一下 =>
请更正式一点 => form=formal
什么时候正式开始？ =>
我住三亚，常去海边。 =>
我不吃辣了 => refuses=辣
我不是学生了 => -work=学生
大家都叫我老李 => name=老李
今天我很生气 =>
我不叫王芳，我叫王方 => -name=王芳; name=王方
`),
} as const

/** Written before the patterns, and never looked at while they were: precision and recall are told of these. */
export const UNSEEN = {
  en: read(`
Just call me Kate please => name=Kate
My friends call me Ziggy => name=Ziggy
Hello, my name's Omar. => name=Omar
Could you call me Mr. Petrov? => name=Mr. Petrov
I prefer to be called Jo => name=Jo
Address me as Professor Lin please => name=Professor Lin
Please don't call me Mike. => -name=Mike
That's not my name => -name
Call me Anne-Marie, not Anne => name=Anne-Marie
Do not call me sir => -name=sir
We're a vegan household and I'm gluten-free => diet=gluten-free
I've been vegetarian for ten years => diet=vegetarian
I am no longer vegan => -diet=vegan
I'm lactose intolerant => diet=lactose intolerant
I have a nut allergy => allergy=nut
I'm severely allergic to bee stings => allergy=bee stings
I never drink alcohol => refuses=alcohol
I don't really like sweet wine => refuses=sweet wine
I dislike crowded places => refuses=crowded places
I'm not a fan of roller coasters => refuses=roller coasters
I enjoy classical music a lot => likes=classical music
I'm really into board games => likes=board games
I love Italian food because of my grandmother => likes=Italian food
I prefer window seats => likes=window seats
My favorite author is Ursula Le Guin => likes=Ursula Le Guin
I no longer like camping => -likes=camping
Reply in English, please => language=en
Can you write to me in Spanish? => language=es
Let's talk in Chinese => language=zh
I'd prefer English => language=en
I speak only Mandarin => language=zh
I'm living in Toronto these days => home=Toronto
We live in a small village near Lyon =>
I just moved to Berlin with my family => home=Berlin
I'm working as a freelance translator => work=freelance translator
I am an engineer => work=engineer
You can be informal with me => form=informal
Forget that I live in Oslo => -home=Oslo
Please delete everything you know about me => -*
Forget my allergy => -allergy
I didn't say I like opera => -likes=opera
I'd love a refund =>
I like how fast you answer =>
Call me when it arrives =>
Should I call you Li? =>
I love my new phone =>
I'm tired of this =>
Who lives in Oslo? =>
I don't want to wait =>
My brother is vegetarian =>
I prefer to pay by card =>
He told me to call him Bob =>
Is it vegetarian? =>
I'm a bit confused =>
I can't eat this, it is cold =>
I live in hope =>
`),
  zh: read(`
叫我阿May吧 => name=阿May
大家都叫我胖子 => name=胖子
您好，我的名字是赵敏 => name=赵敏
麻烦称呼我周老师 => name=周老师
我叫Tom，你们几点关门 => name=Tom
可以叫我小美吗 => name=小美
请不要叫我先生 => -name=先生
別再叫我阿姨了 => -name=阿姨
那不是我的名字 => -name
叫我林姐，不要叫我林女士 => name=林姐; -name=林女士
我是纯素食者 => diet=素食
我从小就吃素 => diet=吃素
我已经不是素食者了 => -diet=素食
我吃清真的 => diet=清真
我有花粉过敏 => allergy=花粉
我对青霉素严重过敏 => allergy=青霉素
我从来不喝酒 => refuses=酒
我不能吃辣 => refuses=辣
我不太喜欢甜食 => refuses=甜食
我受不了榴莲 => refuses=榴莲
我平时喜欢听古典音乐 => likes=古典音乐
我对摄影很感兴趣 => likes=摄影
我超爱吃火锅 => likes=火锅
我更喜欢靠窗的座位 => likes=靠窗的座位
我最喜歡的作家是金庸 => likes=金庸
我已经不喜欢露营了 => -likes=露营
麻烦用中文回复 => language=zh
可以跟我说英语吗 => language=en
以后都用英文吧 => language=en
我习惯用中文 => language=zh
我听不懂英语，请说普通话 => language=zh
我现在住在多伦多 => home=多伦多
我家在杭州 => home=杭州
我刚搬到柏林，想改地址 => home=柏林
我是做翻译的 => work=翻译
我是个工程师 => work=工程师
不用对我这么客气 => form=informal
请忘了我住在上海 => -home=上海
删除你知道的关于我的所有信息 => -*
忘记我的过敏 => -allergy
我可没说过我喜欢歌剧 => -likes=歌剧
我喜欢你们的服务 =>
我爱人给我买的手机坏了 =>
到了叫我一声 =>
我该叫你什么？ =>
我很喜欢这部手机 =>
谁住在上海？ =>
我不想等了 =>
我哥哥吃素 =>
我更喜欢刷卡 => likes=刷卡
他让我叫他老王 =>
这个是素的吗？ =>
我是来投诉的 =>
我吃不了了，太多了 =>
我住院了，不能签收 =>
我有点晕 =>
`),
} as const

/** What a customer says that takes back what he said before; the sentences without a meaning speak of others, or of something else. */
export const TAKEN_BACK = {
  en: read(`
I'm not allergic to nuts => -allergy=nuts
I'm not allergic to nuts any more. => -allergy=nuts
I am no longer allergic to nuts => -allergy=nuts
Actually I'm not allergic to peanuts at all. => -allergy=peanuts
I don't live in Bergen => -home=Bergen
I don't live in Bergen anymore. => -home=Bergen
I eat meat again => -refuses=meat; -diet=vegetarian; -diet=vegan; -diet=pescatarian
I'm vegan, not vegetarian => diet=vegan; -diet=vegetarian
I'm allergic to nuts and shellfish. => allergy=nuts; allergy=shellfish
I was never allergic to cats. => -allergy=cats
I'm not allergic to nuts or shellfish. => -allergy=nuts; -allergy=shellfish
I don't have a nut allergy. => -allergy=nut
I no longer have a nut allergy. => -allergy=nut
I have no allergies any more => -allergy
I'm not allergic to anything. => -allergy
My nut allergy is gone. => -allergy=nut
I've outgrown my milk allergy. => -allergy=milk
I do not live in Oslo, by the way. => -home=Oslo
I've moved away from Bristol => -home=Bristol
I stopped being vegetarian. => -diet=vegetarian
I'm not a vegan. => -diet=vegan
I ain't vegan any more => -diet=vegan
I'm vegetarian but not vegan. => diet=vegetarian; -diet=vegan
I eat fish again. => -refuses=fish; -diet=vegetarian; -diet=vegan
I drink coffee again. => -refuses=coffee
I don't hate coriander any more => -refuses=coriander
I'm not a nurse. => -work=nurse
I don't work as a plumber any more => -work=plumber
I stopped working as a driver. => -work=driver
I've stopped liking jazz. => -likes=jazz
My name isn't Bob. => -name=Bob
Stop answering in Chinese. => -language=zh
You don't need to reply in German any more. => -language=de
My son is not allergic to nuts. =>
I'm not allergic to hard work, but where is my parcel? =>
I don't live in the past. =>
I'm not a robot. =>
I don't have an account. =>
I have no time. =>
Am I not allergic to nuts? =>
My sister eats meat again. =>
I eat here again and again. =>
`),
  zh: read(`
我对花生不过敏了 => -allergy=花生
其实我对花生不过敏 => -allergy=花生
我不是素食者 => -diet=素食
我不再对花生过敏了 => -allergy=花生
我不住在上海了 => -home=上海
我不再住在上海 => -home=上海
我现在吃肉了 => -refuses=肉; -diet=vegetarian; -diet=vegan; -diet=pescatarian
我对花生和海鲜过敏 => allergy=花生; allergy=海鲜
我对花生、牛奶以及鸡蛋都过敏。 => allergy=花生; allergy=牛奶; allergy=鸡蛋
我从来没对猫过敏 => -allergy=猫
我对花生和海鲜都不过敏 => -allergy=花生; -allergy=海鲜
我并不对花生过敏 => -allergy=花生
我没有花生过敏 => -allergy=花生
我沒有海鮮過敏了 => -allergy=海鮮
我没有任何过敏 => -allergy
我什么都不过敏 => -allergy
我的花生过敏已经好了 => -allergy=花生
我花生过敏治好了 => -allergy=花生
我不住上海 => -home=上海
我已经不在北京住了 => -home=北京
我从上海搬走了 => -home=上海
我離開深圳了 => -home=深圳
我又开始吃肉了 => -refuses=肉; -diet=vegetarian; -diet=vegan; -diet=pescatarian
我现在可以吃鱼了 => -refuses=鱼; -diet=vegetarian; -diet=vegan
我又喝咖啡了 => -refuses=咖啡
我不再吃素 => -diet=吃素
我不是吃素的 => -diet=吃素
我放弃吃素了 => -diet=吃素
我不讨厌香菜了 => -refuses=香菜
我不是护士 => -work=护士
我不再当老师了 => -work=老师
我不再喜欢爵士乐 => -likes=爵士乐
我的名字不是小王 => -name=小王
别再用英文回答了 => -language=en
不用说中文了 => -language=zh
我吃素，不是纯素 => diet=吃素; -diet=纯素
我不吃猪肉和牛肉 => refuses=猪肉; refuses=牛肉
我儿子对花生不过敏 =>
我不是机器人 =>
我没有账号 =>
我不住酒店 =>
我对花生不过敏吗？ =>
我妹妹又吃肉了 =>
我从上海买的 =>
我不用了 =>
`),
} as const
