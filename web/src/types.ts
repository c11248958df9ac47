/** The shapes that travel: what a model says of itself, what is asked, what is answered. */

/** How a drawing becomes a picture of the training data's kind: see framing.ts. */
export type Framing = "mass" | "blocks" | "";

export interface ImageInputs {
  readonly kind: "images";
  readonly height: number;
  readonly width: number;
  /** The value of the brightest pixel. */
  readonly maximum: number;
  readonly framing: Framing;
}

/** A column of a table; what the training rows were like, where the model knows it. */
export interface Feature {
  readonly name: string;
  readonly unit: string;
  readonly low: number | null;
  readonly high: number | null;
  readonly typical: number | null;
  /** The values that it can have, for a feature of a few whole numbers; else none. */
  readonly choices: readonly number[];
}

export interface FeatureInputs {
  readonly kind: "features";
  readonly features: readonly Feature[];
}

export interface ClassOutputs {
  readonly kind: "classes";
  readonly labels: readonly string[];
}

export interface ValueOutputs {
  readonly kind: "values";
  readonly names: readonly string[];
  readonly units: readonly string[];
}

/** One model of GET /models. */
export interface ModelDescription {
  readonly name: string;
  readonly hash: string;
  readonly inputs: ImageInputs | FeatureInputs;
  readonly outputs: ClassOutputs | ValueOutputs;
  readonly provenance: Readonly<Record<string, unknown>>;
  /** Whether the model knows what its training data was like, and so when to be unsure. */
  readonly experience: boolean;
}

/** GET /models: what is there, and whether corrections are kept. */
export interface Description {
  readonly models: readonly ModelDescription[];
  readonly learns: boolean;
}

/**
 * One row, in the numbers of the training data: pixels as whole numbers 0..maximum, row by row, or
 * features in their units, in the order of the model's features.
 */
export type Row = readonly number[];

export interface Doubt {
  readonly code: "unlike-training" | "not-probable" | "outside-range" | (string & {});
  readonly message: string;
  /** Of outside-range: the feature's name. */
  readonly input?: string;
}

/** The numbers of one layer, and what each adds to a score; those of the inputs are a question's last. */
export interface View {
  readonly node: string;
  readonly exact: boolean;
  /** Whether they are inputs that the network standardised first, so that 0 is their mean. */
  readonly from_mean: boolean;
  readonly names: readonly string[];
  readonly values: readonly (number | null)[];
  readonly parts: readonly (number | null)[];
  readonly rest: number | null;
}

export interface Question {
  /** A class, or the name of a quantity. */
  readonly answer: string;
  /** The class that it is compared with; null for quantities. */
  readonly against: string | null;
  readonly score: number | null;
  readonly views: readonly View[];
}

/** glassnet.explanations's Why as JSON, as far as the page reads it. */
export interface Explanation {
  readonly questions: readonly Question[];
}

interface Judged {
  /** null where the model cannot tell, because it does not know its training data. */
  readonly sure: boolean | null;
  readonly unsure_because: readonly Doubt[];
  readonly explanation?: Explanation;
}

export interface ClassAnswer extends Judged {
  readonly class: string;
  readonly probability: number;
  readonly probabilities: Readonly<Record<string, number>>;
}

export interface ValueAnswer extends Judged {
  readonly values: Readonly<Record<string, { readonly value: number; readonly unit: string }>>;
}

export type Answer = ClassAnswer | ValueAnswer;

/** What POST /predict answers. */
export interface Answers {
  readonly model: { readonly name: string; readonly hash: string };
  readonly answers: readonly Answer[];
}

/** Who answers the page: a service (remote.ts), or the network itself in the page. */
export interface Predictor {
  /** Answer rows, in their order. Rejects with a Refusal where that cannot be done. */
  predict(model: string, rows: readonly Row[], explain: boolean): Promise<Answers>;
  /** Keep a picture with its right label; absent where nothing is kept. Gives the name it is kept by. */
  learn?(model: string, pixels: Row, label: string): Promise<string>;
  /** The models anew, after one was replaced; absent where that cannot happen. */
  describe?(): Promise<Description>;
}

/** Why a request was not answered, in the service's own code and words. */
export class Refusal extends Error {
  constructor(
    /** The service's code; "unreachable" where it did not answer at all. */
    readonly code: string,
    message: string,
    /** Seconds after which to ask again; 0 where asking again is of no use. */
    readonly retryAfter = 0,
    /** The status of HTTP; 0 where there was none. */
    readonly status = 0,
  ) {
    super(message);
  }
}

/** What differs between a served page and one that runs alone. */
export interface Options {
  /** The page stands alone, without a service: its footer says so. */
  readonly standalone?: boolean;
}

/** What the page of a model is given. */
export interface PageProps<Inputs> {
  readonly model: ModelDescription;
  readonly inputs: Inputs;
  readonly predictor: Predictor;
  readonly learns: boolean;
  /** An answer came from a file with another hash than the description has. */
  onReplaced(hash: string): void;
}
