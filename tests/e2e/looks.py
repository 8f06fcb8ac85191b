"""What eyes need, measured on computed styles: contrast, and texts that are not cut off."""

from __future__ import annotations

from typing import Any

CONTRAST = """() => {
    const doc = document;
    const parse = (text) => {
        const found = /rgba?\\(([^)]+)\\)/.exec(text);
        if (!found) return null;
        const [r, g, b, a] = found[1].split(/[ ,/]+/).filter(Boolean).map(Number);
        return [r, g, b, a === undefined ? 1 : a];
    };
    const over = (top, below) => {
        const mix = (i) => top[i] * top[3] + below[i] * (1 - top[3]);
        return [mix(0), mix(1), mix(2), 1];
    };
    const parent = (node) => node.parentElement || (node.getRootNode().host || null);
    const ground = (node) => {
        const layers = [];
        const own = node.getBoundingClientRect();
        const [x, y] = [own.x + own.width / 2, own.y + own.height / 2];
        for (let at = node; at; at = parent(at)) {
            const box = at.getBoundingClientRect();
            const below = x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
            if (!below && at !== doc.documentElement) continue; // hangs out of its parent
            const style = getComputedStyle(at);
            if (style.backgroundImage !== 'none') return null;
            const colour = parse(style.backgroundColor);
            if (colour && colour[3] > 0) layers.push(colour);
            if (colour && colour[3] === 1) break;
        }
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
    };
    const light = ([r, g, b]) => {
        const part = (value) => {
            const c = value / 255;
            return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        };
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const ratio = (a, b) => {
        const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
        return (high + 0.05) / (low + 0.05);
    };
    const shown = (node) => {
        const box = node.getBoundingClientRect();
        if (box.width < 2 || box.height < 2) return false;
        return node.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    };
    const faded = (node) => {
        for (let at = node; at; at = parent(at)) {
            if (Number(getComputedStyle(at).opacity) < 1) return true;
            if (at.matches(':disabled, [aria-disabled="true"]')) return true;
        }
        return false;
    };
    const found = [];
    const visit = (place) => {
        place.querySelectorAll('*').forEach((node) => {
            if (node.shadowRoot) visit(node.shadowRoot);
            const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
            if (!own || !shown(node) || faded(node)) return;
            if (node.matches('script, style, option')) return;
            const style = getComputedStyle(node);
            const svg = node instanceof SVGElement;
            const ink = parse(svg ? style.fill : style.color);
            const below = ground(node);
            if (!ink || !below) return;
            const size = parseFloat(style.fontSize);
            const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
            const value = ratio(over(ink, below), below);
            const drawn = node.matches('[data-testid="stIconMaterial"]'); // WCAG 1.4.11
            if (value < (large || drawn ? 3 : 4.5)) {
                found.push(`${node.textContent.trim().slice(0, 40)}: ${value.toFixed(2)}`);
            }
        });
    };
    visit(doc);
    return found;
}"""
"""Texts whose contrast is below WCAG AA: 4.5, and 3 where they are large.

Text over a picture is left out, and so is what is disabled or fades.

Source: Web Content Accessibility Guidelines 2.2, success criterion 1.4.3, and its definitions of
contrast ratio, relative luminance and large-scale text (18 point, or 14 point bold).
"""

CLIPPED = """() => {
    const found = [];
    const visit = (place) => {
        place.querySelectorAll('*').forEach((node) => {
            if (node.shadowRoot) visit(node.shadowRoot);
            if (node instanceof SVGElement || node.matches('script, style, option, iframe')) return;
            const text = node.innerText || '';
            const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
            const box = node.getBoundingClientRect();
            if (!own || box.width < 4 || box.height < 4 || !node.checkVisibility()) return;
            const style = getComputedStyle(node);
            const cut = (name) => ['hidden', 'clip', 'scroll', 'auto'].includes(style[name]);
            const wide = node.scrollWidth > node.clientWidth + 1 && cut('overflowX');
            const high = node.scrollHeight > node.clientHeight + 2 && cut('overflowY');
            const beside = box.right > innerWidth + 1 || box.left < -1;
            if (node.clientWidth && (wide || high || beside)) found.push(text.trim().slice(0, 60));
        });
    };
    visit(document);
    return found;
}"""
"""Texts that their box or the window cuts off."""


def poor_contrasts(frame: Any) -> list[str]:
    """Return the texts of a page or frame that are too faint, with their ratios."""
    return list(frame.evaluate(CONTRAST))


def clipped_texts(frame: Any) -> list[str]:
    """Return the texts of a page or frame that are cut off."""
    return list(frame.evaluate(CLIPPED))
