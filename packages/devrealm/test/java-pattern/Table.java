import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Makes the table that the test compares with: what Java's Matcher.matches() says to each pattern and text. To add to it, add lines
 * without the last column to table.txt, and run: java Table.java < table.txt > new.txt && mv new.txt table.txt
 *
 * A line is a pattern as a JSON string, then, where it is none to Java, why. Its texts follow, after a tab each, with "yes" or "no".
 */
public class Table {
  public static void main(String[] arguments) throws Exception {
    Pattern pattern = null;
    for (String line : new String(System.in.readAllBytes(), "UTF-8").split("\n")) {
      if (line.isEmpty()) continue;
      boolean isText = line.startsWith("\t");
      String json = line.split("\t")[isText ? 1 : 0];
      String value = read(json);
      if (isText) {
        if (pattern != null) print("\t" + json + "\t" + (pattern.matcher(value).matches() ? "yes" : "no"));
        continue;
      }
      try {
        pattern = Pattern.compile(value);
        print(json);
      } catch (PatternSyntaxException error) {
        pattern = null;
        print(json + "\t" + error.getDescription());
      }
    }
  }

  private static void print(String line) throws Exception {
    System.out.write((line + "\n").getBytes("UTF-8"));
    System.out.flush();
  }

  /** A JSON string. */
  private static String read(String json) {
    StringBuilder text = new StringBuilder();
    for (int at = 1; at < json.length() - 1; at++) {
      char letter = json.charAt(at);
      if (letter != '\\') {
        text.append(letter);
        continue;
      }
      char escape = json.charAt(++at);
      switch (escape) {
        case 'n' -> text.append('\n');
        case 'r' -> text.append('\r');
        case 't' -> text.append('\t');
        case 'b' -> text.append('\b');
        case 'f' -> text.append('\f');
        case 'u' -> {
          text.append((char) Integer.parseInt(json.substring(at + 1, at + 5), 16));
          at += 4;
        }
        default -> text.append(escape);
      }
    }
    return text.toString();
  }
}
