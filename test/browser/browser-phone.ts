import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';

const IN_PAGE = fileURLToPath(new URL('in-page.js', import.meta.url));

export interface BrowserPhoneOptions {
  readonly browser: Browser;
  readonly page: string;
  /** `wss://127.0.0.1:5061` */
  readonly server: string;
  readonly user: string;
  readonly password: string;
  readonly dark?: boolean;
  readonly width?: number;
}

/** The phone's page in a browser window of its own, worked as a person works it. */
export class BrowserPhone implements AsyncDisposable {
  readonly page: Page;
  readonly errors: string[] = [];
  readonly #context: BrowserContext;
  readonly #options: BrowserPhoneOptions;

  private constructor(context: BrowserContext, page: Page, options: BrowserPhoneOptions) {
    this.#context = context;
    this.page = page;
    this.#options = options;
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
  }

  static async open(options: BrowserPhoneOptions): Promise<BrowserPhone> {
    const context = await options.browser.newContext({
      colorScheme: options.dark ? 'dark' : 'light',
      viewport: { width: options.width ?? 1200, height: 860 },
      permissions: ['microphone'],
    });
    await context.addInitScript({ path: IN_PAGE });
    const page = await context.newPage();
    const phone = new BrowserPhone(context, page, options);
    await page.goto(options.page);
    return phone;
  }

  /** Fills in the form, and waits until the phone is registered. */
  async signIn(): Promise<void> {
    await this.submit();
    await this.sees('Registered');
  }

  /** Fills in the form and sends it. */
  async submit(password: string = this.#options.password): Promise<void> {
    await this.page.getByLabel('SIP address').fill(`${this.#options.user}@example.com`);
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByLabel('Server', { exact: true }).fill(this.#options.server);
    await this.press('Sign in');
  }

  async dial(target: string): Promise<void> {
    await this.page.getByLabel('Whom to call').fill(target);
    await this.press('Call');
  }

  press(name: string): Promise<void> {
    return this.#button(name).click();
  }

  /** Waits until the words stand on the page, outside the list of messages. */
  async sees(words: string | RegExp): Promise<void> {
    await this.page.locator('.phone').getByText(words, { exact: true }).waitFor();
  }

  /** Waits for the running clock of a call. */
  talks(): Promise<void> {
    return this.sees(/^\d\d:\d\d$/);
  }

  /** Waits until no call is to be seen. */
  async isIdle(): Promise<void> {
    await this.#button('Call').waitFor();
  }

  /** Waits until sound has come from the other side. */
  async hears(): Promise<void> {
    await this.page.waitForFunction('hasHeard()', undefined, { polling: 200 });
  }

  /** Takes the network away, or gives it back. */
  network(there: boolean): Promise<void> {
    return this.#context.setOffline(!there);
  }

  /** The start lines of the messages that passed, the oldest first. */
  async messages(): Promise<string[]> {
    const lines = await this.page.locator('#message-list .what').allTextContents();
    return lines.reverse();
  }

  /** The first words of what came in: methods and status codes, the oldest first. */
  async received(): Promise<string[]> {
    const lines = await this.page.locator('#message-list .received .what').allTextContents();
    return lines.reverse().map((line) => line.slice(0, line.indexOf(' ')));
  }

  /** The text of every message whose start line begins so, the oldest first. */
  async texts(start: string): Promise<string[]> {
    const texts = await this.page.locator('#message-list pre').allTextContents();
    return texts.filter((text) => text.startsWith(start)).reverse();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }

  #button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }
}
