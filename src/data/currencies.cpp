#include "data/currencies.h"

#include <algorithm>
#include <array>

#include "data/blank.h"

namespace runnel::data {
namespace {

// Signs of Unicode's block of currency symbols and of Latin-1, customary abbreviations, and codes of ISO
// 4217. What names things as often as money is left out: ALL, TOP and PEN, and "R" for rand.
constexpr auto signs = std::to_array<std::string_view>({
    "$",   "€",   "£",   "¥",    "￥",  "₹",   "₽", "₩",   "₺",   "₴",   "₪",   "₫",   "₱",   "฿",
    "₦",   "₡",   "₲",   "₵",    "₸",   "₮",   "₭",   "₼", "₾", "৳",   "៛",   "¢",   "円",  "元",
    "원",  "zł",  "kr",  "kr.",  "Kr",  "Kr.", "Kč",  "Ft",  "Fr.", "Rs",  "Rs.", "RM",  "Rp",  "lei",
    "лв",  "лв.", "руб", "руб.", "грн", "US$", "A$",  "AU$", "C$",  "CA$", "R$",  "S$",  "HK$", "NZ$",
    "NT$", "MX$", "CN¥", "JP¥",  "CHF", "USD", "EUR", "GBP", "JPY", "CNY", "RMB", "INR", "RUB", "KRW",
    "TRY", "UAH", "PLN", "SEK",  "NOK", "DKK", "ISK", "CZK", "HUF", "RON", "BGN", "AUD", "CAD", "NZD",
    "BRL", "MXN", "ZAR", "SGD",  "HKD", "TWD", "THB", "IDR", "MYR", "PHP", "VND", "ILS", "AED", "SAR",
    "EGP", "NGN", "KES", "ARS",  "CLP", "COP", "PKR", "BDT", "LKR", "KZT",
});

bool is_sign_or_bracket(std::string_view s) {
  return s.starts_with('-') || s.starts_with('+') || s.starts_with('(');
}

}  // namespace

std::string_view currency_of(std::string_view text) {
  std::string_view front = without_blanks(text);
  while (is_sign_or_bracket(front) || front.starts_with("\xE2\x88\x92")) {
    front.remove_prefix(front.starts_with('\xE2') ? 3 : 1);
    skip_blanks(front);
  }
  std::string_view back = front;
  while (back.ends_with(')')) {
    back.remove_suffix(1);
    drop_blanks_behind(back);
  }
  if (front.empty() || back.empty() || (is_digit(front.front()) && is_digit(back.back()))) return {};
  std::string_view found;
  for (const std::string_view sign : signs) {
    if (sign.size() > found.size() && (front.starts_with(sign) || back.ends_with(sign))) found = sign;
  }
  return found;
}

}  // namespace runnel::data
