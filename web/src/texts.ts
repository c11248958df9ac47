/** Every word of the page, in each of its languages. What the model itself names stays as it is. */

export type Language = "en" | "zh";

export const LANGUAGES: Readonly<Record<Language, string>> = { en: "English", zh: "中文" };

const en = {
  documentTitle: (model: string) => `${model} · Glassnet`,
  /** What stands between sentences, and at the end of one. */
  space: " ",
  stop: ".",
  skip: "Skip to the answer",
  language: "Language",
  model: "Network",
  madeOf: (inputs: string, outputs: string) => `${inputs} in, ${outputs} out`,
  pixels: (height: number, width: number) => `${height} × ${width} pixels`,
  features: (count: number) => (count === 1 ? "1 number" : `${count} numbers`),
  classes: (count: number) => `${count} classes`,
  values: (count: number) => (count === 1 ? "1 value" : `${count} values`),
  learntFrom: (data: string) => `learnt from ${data}`,
  right: (share: string) => `${share} right on examples it had never seen`,

  off: (error: string) => `off by ${error} on average, on examples it had never seen`,

  drawDigit: "Draw a digit",
  draw: "Draw",
  drawHint: "With a mouse, a pen or a finger",
  pad: "Drawing pad",
  padHelp:
    "With the keyboard: the arrow keys move the pen, Space puts it down or lifts it, Backspace takes the last stroke back, Delete clears all. A picture file can be opened instead.",
  pen: "Pen",
  penDown: "The pen is down.",
  penUp: "The pen is lifted.",
  undo: "Undo",
  clear: "Clear",
  open: "Open picture",
  unreadable: "This file could not be read as a picture. Choose a PNG or a JPEG.",
  nothingInPicture: "There is nothing to see in this picture: it is of one colour.",

  answer: "Answer",
  nothingYet: "Nothing drawn yet",
  waitingForNumbers: "Fill in every number, and the answer comes.",
  sure: "Like what it learnt from",
  unsure: "Not sure",
  because: {
    "unlike-training": "This is unlike anything the network learnt from.",
    "not-probable": "No answer stands out as much as they usually do.",
  } as Readonly<Record<string, string>>,
  outside: (input: string, low: string, high: string) =>
    `${input} is outside ${low} to ${high}, which is what the network learnt from.`,
  probabilities: "Probability of each answer",
  showAll: (count: number) => `Show all ${count}`,
  spoken: (answer: string, probability: string) => `${answer}, ${probability}`,
  spokenUnsure: "Not sure.",

  seen: "What the network sees",
  seenText: (height: number, width: number) =>
    `Your drawing in ${height} × ${width} pixels, made like the pictures it learnt from.`,
  why: "What spoke for it",
  whyRather: (answer: string, against: string) => `Why ${answer} rather than ${against}`,
  whatMakes: (answer: string) => `What makes up ${answer}`,
  for: (answer: string) => `for ${answer}`,
  against: (answer: string) => `for ${answer}`,
  regions: [
    "upper left",
    "top",
    "upper right",
    "left",
    "middle",
    "right",
    "lower left",
    "bottom",
    "lower right",
  ] as readonly string[],
  mostFor: (answer: string, region: string) => `Most for ${answer}: ${region}.`,
  raises: "raises",
  lowers: "lowers",
  approximate:
    "What each adds by its slope here. The network is curved, so the parts do not add up to the whole.",
  exact: "The parts, and a constant, add up to the answer's score.",
  fromMean: "Counted from the mean of what the network learnt from.",
  whyLater: "When you lift the pen, this shows which places counted.",

  wrong: "Wrong? Tell me",
  wrongText: "Which is right? The picture is kept with your answer.",
  keeping: "Keeping it …",
  thanks: (label: string) => `Thank you. It is kept as ${label}.`,
  thanksText:
    "The network does not change yet. Whoever runs this service has it learn from what was kept with",
  trainOn: "glassnet train --continue MODEL --data DIR/NAME",

  inputs: "What if …",
  inputsText: "Change a number, or slide it, and see what the network says.",
  reset: "Typical values",
  range: (low: string, high: string) => `${low} to ${high}`,
  slide: (name: string) => `Slide ${name}`,
  missing: "A number is missing here.",
  typically: (value: string) => `With typical values: ${value}`,

  busy: "Many are asking right now. Trying again …",
  unreachable: "The service does not answer. Trying again …",
  failed: (message: string) => `No answer: ${message}`,
  token: "Access token",
  tokenText: "This service asks for a token. Whoever runs it can give you one.",
  tokenUse: "Use it",
  noModels: "This service has no network to ask.",

  ofService: "Other programs can ask this service too:",
  itsApi: "its interface",
  ofStandalone: "The network runs in this page. Nothing you enter leaves it.",
  madeWith: "Made with Glassnet",
};

export type Texts = typeof en;

const zh: Texts = {
  documentTitle: (model) => `${model} · Glassnet`,
  space: "",
  stop: "。",
  skip: "跳到答案",
  language: "语言",
  model: "网络",
  madeOf: (inputs, outputs) => `输入${inputs}，输出${outputs}`,
  pixels: (height, width) => ` ${height} × ${width} 像素`,
  features: (count) => ` ${count} 个数`,
  classes: (count) => ` ${count} 个类别`,
  values: (count) => ` ${count} 个数值`,
  learntFrom: (data) => `学自 ${data}`,
  right: (share) => `对没见过的样本答对 ${share}`,

  off: (error) => `对没见过的样本平均相差 ${error}`,

  drawDigit: "写一个数字",
  draw: "画一画",
  drawHint: "用鼠标、手写笔或手指",
  pad: "画板",
  padHelp:
    "用键盘：方向键移动笔，空格键落笔或提笔，退格键撤销上一笔，Delete 键全部清除。也可以打开一张图片。",
  pen: "笔",
  penDown: "已落笔。",
  penUp: "已提笔。",
  undo: "撤销",
  clear: "清除",
  open: "打开图片",
  unreadable: "无法读取这个图片文件。请选择 PNG 或 JPEG。",
  nothingInPicture: "这张图片只有一种颜色，看不出内容。",

  answer: "答案",
  nothingYet: "还没有画",
  waitingForNumbers: "填好每个数，就会有答案。",
  sure: "与学过的样本相似",
  unsure: "不确定",
  because: {
    "unlike-training": "这和网络学过的样本都不像。",
    "not-probable": "没有哪个答案像平常那样突出。",
  },
  outside: (input, low, high) => `${input} 超出了网络学过的范围：${low} 到 ${high}。`,
  probabilities: "各个答案的概率",
  showAll: (count) => `显示全部 ${count} 个`,
  spoken: (answer, probability) => `${answer}，${probability}`,
  spokenUnsure: "不确定。",

  seen: "网络看到的",
  seenText: (height, width) => `你的画变成 ${height} × ${width} 像素，与它学过的图片做法相同。`,
  why: "依据",
  whyRather: (answer, against) => `为什么是 ${answer}，不是 ${against}`,
  whatMakes: (answer) => `${answer} 由什么构成`,
  for: (answer) => `支持 ${answer}`,
  against: (answer) => `支持 ${answer}`,
  regions: ["左上", "上方", "右上", "左侧", "中间", "右侧", "左下", "下方", "右下"],
  mostFor: (answer, region) => `最支持 ${answer} 的：${region}。`,
  raises: "升高",
  lowers: "降低",
  approximate: "按此处的斜率算出各项的作用。网络是弯曲的，各项之和不等于总数。",
  exact: "各项加上一个常数，等于答案的得分。",
  fromMean: "以学过的样本的平均值为起点。",
  whyLater: "提笔之后，这里会显示哪些位置起了作用。",

  wrong: "答错了？告诉我",
  wrongText: "正确的是哪个？图片会和你的答案一起保存。",
  keeping: "正在保存……",
  thanks: (label) => `谢谢。已存为 ${label}。`,
  thanksText: "网络现在还没有变。运行这项服务的人可以用下面的命令，让它从保存的图片中学习：",
  trainOn: "glassnet train --continue MODEL --data DIR/NAME",

  inputs: "假如……",
  inputsText: "改一个数，或拖动滑块，看看网络怎么说。",
  reset: "典型值",
  range: (low, high) => `${low} 到 ${high}`,
  slide: (name) => `拖动 ${name}`,
  missing: "这里缺一个数。",
  typically: (value) => `取典型值时：${value}`,

  busy: "现在提问的人很多，正在重试……",
  unreachable: "服务没有回应，正在重试……",
  failed: (message) => `没有答案：${message}`,
  token: "访问令牌",
  tokenText: "这项服务需要令牌。请向运行它的人索取。",
  tokenUse: "使用",
  noModels: "这项服务没有可问的网络。",

  ofService: "其他程序也可以使用这项服务：",
  itsApi: "接口说明",
  ofStandalone: "网络就在这个页面里运行。你输入的内容不会离开这里。",
  madeWith: "由 Glassnet 制作",
};

export const TEXTS: Readonly<Record<Language, Texts>> = { en, zh };

/** Which language to begin with: the one chosen before, else the browser's, else English. */
export function firstLanguage(kept: string | null, browser: readonly string[]): Language {
  if (kept !== null && kept in LANGUAGES) return kept as Language;
  for (const name of browser) {
    const language = name.toLowerCase().split("-")[0] ?? "";
    if (language in LANGUAGES) return language as Language;
  }
  return "en";
}
