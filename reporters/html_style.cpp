#include "reporters/html_style.h"

#include <openssl/evp.h>

#include <array>

namespace assay {
namespace {

// A CSP source expression for an inline block (https://www.w3.org/TR/CSP3/#grammardef-hash-source).
std::string hash_source(std::string_view block) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(block.data(), block.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::array<unsigned char, std::size_t{2} * EVP_MAX_MD_SIZE> text{};
  const int length = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(size));
  return "'sha256-" + std::string(text.begin(), text.begin() + length) + "'";
}

}  // namespace

std::string_view html_style() {
  return R"css(
:root { color-scheme: light dark; --bg: #fff; --panel: #f6f8fa; --line: #d8dee4; --text: #1f2328; --soft: #59636e;
  --fail: #cf222e; --error: #8250df; --flaky: #9a6700; --warn: #bc4c00; --known: #59636e; --skip: #59636e; --pass: #1a7f37; --link: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #0d1117; --panel: #161b22; --line: #30363d; --text: #e6edf3; --soft: #9198a1;
    --fail: #ff7b72; --error: #d2a8ff; --flaky: #e3b341; --warn: #ffa657; --known: #9198a1; --skip: #9198a1; --pass: #56d364; --link: #79c0ff; } }
* { box-sizing: border-box; }
body { background: var(--bg); color: var(--text); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; margin: 0 auto; max-width: 1080px; padding: 32px 24px 80px; }
h1 { font-size: 26px; font-weight: 650; line-height: 1.25; margin: 0 0 6px; letter-spacing: -.01em; }
h2 { font-size: 15px; font-weight: 650; margin: 32px 0 8px; }
h2 .count { color: var(--soft); font-weight: 400; }
h3 { font-size: 13px; font-weight: 600; color: var(--soft); margin: 16px 0 6px; }
p { margin: 0 0 6px; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.meta, .meta code { color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
.trouble { border-left: 3px solid var(--error); padding: 6px 12px; margin: 12px 0; background: var(--panel); }
.strip { display: block; width: 100%; height: 8px; border-radius: 4px; margin: 18px 0 14px; }
.totals { border-collapse: collapse; margin: 0; }
.totals td { padding: 0 22px 0 0; background: none; }
.totals b { font-size: 20px; font-weight: 650; }
.totals a { color: inherit; }
.totals small { color: var(--soft); font-size: 13px; }
.filter { position: sticky; top: 0; z-index: 1; display: flex; gap: 6px; flex-wrap: wrap; align-items: center; background: var(--bg); padding: 14px 0 10px; margin-top: 10px; border-bottom: 1px solid var(--line); }
.filter[hidden] { display: none; }
.filter input { flex: 1 1 220px; min-width: 0; font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 5px 10px; }
.filter button { font: inherit; font-size: 13px; color: var(--soft); background: var(--bg); border: 1px solid var(--line); border-radius: 6px; padding: 5px 10px; cursor: pointer; }
.filter button[aria-pressed=true] { color: var(--text); background: var(--panel); border-color: var(--soft); }
.none { color: var(--soft); }
.check { border: 1px solid var(--line); border-radius: 6px; margin: 0 0 8px; }
.check > summary { cursor: pointer; padding: 8px 12px; list-style: none; display: grid; grid-template-columns: 52px 1fr auto; column-gap: 8px; align-items: baseline; }
.check > summary::-webkit-details-marker { display: none; }
.check > summary:hover, .check[open] > summary { background: var(--panel); }
.check[open] > summary { border-bottom: 1px solid var(--line); border-radius: 6px 6px 0 0; }
.check:target { outline: 2px solid var(--link); outline-offset: 1px; }
.word { font-size: 13px; font-weight: 650; }
.id { font-weight: 600; overflow-wrap: anywhere; }
.id code { font-weight: 400; margin-left: 6px; }
.took { color: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
.says { grid-column: 2 / 4; color: var(--soft); font-size: 14px; overflow-wrap: anywhere; display: block; }
.check br { display: none; }
.body { padding: 12px; }
.quiet .check { border-width: 0 0 1px; border-radius: 0; margin: 0; }
.quiet .check > summary { padding: 4px 12px; }
.quiet .id { font-weight: 400; }
pre { background: var(--panel); border: 0; border-radius: 6px; padding: 12px; margin: 0 0 10px; overflow: auto; max-height: 480px; white-space: pre; unicode-bidi: isolate; tab-size: 4; }
.facts { border-collapse: collapse; font-size: 13px; margin: 0 0 10px; }
.facts th { text-align: left; vertical-align: top; color: var(--soft); font-weight: 400; padding: 2px 18px 2px 0; white-space: nowrap; background: none; }
.facts td { padding: 2px 18px 2px 0; overflow-wrap: anywhere; vertical-align: top; background: none; }
.facts td.n { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: block; width: 100%; max-width: 560px; height: 10px; border-radius: 3px; margin: 0 0 6px; }
.more > summary { cursor: pointer; color: var(--soft); font-size: 13px; margin: 0 0 6px; }
.s-faint { color: var(--soft); } .s-strong { color: inherit; font-weight: 600; } .s-fail { color: var(--fail); } .s-error { color: var(--error); }
.s-warn { color: var(--warn); } .s-good { color: var(--pass); } .s-link { color: var(--link); }
.fail { color: var(--fail); } .error { color: var(--error); } .flaky { color: var(--flaky); } .warn { color: var(--warn); }
.known { color: var(--known); } .skip { color: var(--skip); } .pass { color: var(--pass); }
rect.fail { fill: var(--fail); } rect.error { fill: var(--error); } rect.flaky { fill: var(--flaky); } rect.warn { fill: var(--warn); }
rect.known { fill: var(--known); } rect.skip { fill: var(--line); } rect.pass { fill: var(--pass); }
footer { color: var(--soft); font-size: 13px; margin-top: 40px; }
@media print { .filter { display: none; } pre { max-height: none; white-space: pre-wrap; } }
)css";
}

std::string_view html_script() {
  return R"js(
(function () {
  'use strict';
  var bar = document.getElementById('filter'), query = document.getElementById('query'), none = document.getElementById('none');
  var buttons = Array.prototype.slice.call(bar.querySelectorAll('button[data-outcome]'));
  var checks = Array.prototype.slice.call(document.querySelectorAll('details.check')).map(function (node) {
    return { node: node, outcome: node.getAttribute('data-outcome'), text: node.firstElementChild.textContent.toLowerCase() };
  });
  var sections = Array.prototype.slice.call(document.querySelectorAll('section'));
  function apply() {
    var words = query.value.toLowerCase().split(/\s+/), shown = 0;
    var on = buttons.filter(function (b) { return b.getAttribute('aria-pressed') === 'true'; })
      .map(function (b) { return b.getAttribute('data-outcome'); });
    checks.forEach(function (check) {
      var show = (!on.length || on.indexOf(check.outcome) >= 0) && words.every(function (w) { return check.text.indexOf(w) >= 0; });
      check.node.hidden = !show;
      if (show) shown += 1;
    });
    sections.forEach(function (section) { section.hidden = !section.querySelector('details.check:not([hidden])'); });
    none.hidden = shown > 0 || !checks.length;
    return on;
  }
  function remember() {
    var on = apply(), parts = [];
    if (on.length) parts.push('show=' + on.join(','));
    if (query.value) parts.push('q=' + encodeURIComponent(query.value));
    try { history.replaceState(null, '', '#' + parts.join('&')); } catch (e) { return; }
  }
  function follow() {
    var hash = location.hash.slice(1), target = hash && document.getElementById(hash);
    if (target) {
      query.value = '';
      buttons.forEach(function (b) { b.setAttribute('aria-pressed', 'false'); });
      apply();
      if (target.tagName === 'DETAILS') { target.open = true; target.scrollIntoView(); }
      return;
    }
    hash.split('&').forEach(function (part) {
      var at = part.indexOf('='), name = part.slice(0, at), value = part.slice(at + 1);
      try { value = decodeURIComponent(value); } catch (e) { value = ''; }
      if (name === 'q') query.value = value;
      if (name === 'show') buttons.forEach(function (b) {
        b.setAttribute('aria-pressed', String(value.split(',').indexOf(b.getAttribute('data-outcome')) >= 0));
      });
    });
    apply();
  }
  bar.hidden = false;
  query.addEventListener('input', remember);
  buttons.forEach(function (b) {
    b.addEventListener('click', function () {
      b.setAttribute('aria-pressed', String(b.getAttribute('aria-pressed') !== 'true'));
      remember();
    });
  });
  document.getElementById('expand').addEventListener('click', function () {
    var open = !checks.every(function (c) { return c.node.hidden || c.node.open; });
    checks.forEach(function (c) { if (!c.node.hidden) c.node.open = open; });
  });
  window.addEventListener('hashchange', follow);
  follow();
})();
)js";
}

std::string html_policy() {
  return "default-src 'none'; style-src " + hash_source(html_style()) + "; script-src " +
         hash_source(html_script()) + "; base-uri 'none'; form-action 'none'";
}

std::string_view html_color(Outcome outcome) {
  switch (outcome) {
    case Outcome::failed:
      return "#cf222e";
    case Outcome::error:
      return "#8250df";
    case Outcome::flaky:
      return "#9a6700";
    case Outcome::warning:
      return "#bc4c00";
    case Outcome::known:
    case Outcome::skipped:
      return "#59636e";
    case Outcome::passed:
      return "#1a7f37";
  }
  return "";
}

std::string_view html_color(Style style) {
  switch (style) {
    case Style::plain:
    case Style::strong:
      return "";
    case Style::faint:
      return "#59636e";
    case Style::fail:
      return "#cf222e";
    case Style::error:
      return "#8250df";
    case Style::warn:
      return "#bc4c00";
    case Style::good:
      return "#1a7f37";
    case Style::link:
      return "#0969da";
  }
  return "";
}

}  // namespace assay
